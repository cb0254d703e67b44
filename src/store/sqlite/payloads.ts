import { isQueueError, QueueError } from '../../errors.ts'
import type { Draft, PayloadPut } from '../contract.ts'
import { decode } from '../decoding.ts'
import { blobsIn, type Encoded, encode } from '../encoding.ts'
import { corruptStore } from '../failures.ts'
import { byteChunks, textChunks } from './chunks.ts'
import type { Connection } from './connection.ts'

/** A payload as its rows have it. */
export interface PackedPut extends Encoded {
  readonly id: string
}

/** Turns payloads into what is stored, each value once, however often the commit is tried. */
export interface Packer {
  /** The Blobs whose bytes are still to be read. */
  unread(draft: Draft): Blob[]
  /** Reads them: asynchronously, so before or between transactions. */
  read(blobs: readonly Blob[]): Promise<void>
  /** @throws QueueError `store-failed` for what cannot be stored. */
  pack(draft: Draft): PackedPut[]
}

export function createPacker(): Packer {
  const bytes = new Map<Blob, Uint8Array>()
  const packed = new Map<unknown, Encoded>()

  const packOne = ({ id, value }: PayloadPut): PackedPut => {
    // By identity, which only objects have.
    const known = typeof value === 'object' ? packed.get(value) : undefined
    const encoded = known ?? encoding(id, () => encode(value, (blob) => bytesOf(bytes, blob)))
    packed.set(value, encoded)
    return { id, ...encoded }
  }
  return {
    unread: ({ put = [] }) => put.flatMap(({ value }) => blobsIn(value)).filter((blob) => !bytes.has(blob)),
    async read(blobs) {
      for (const blob of blobs) bytes.set(blob, new Uint8Array(await blob.arrayBuffer()))
    },
    pack: ({ put = [] }) => put.map(packOne),
  }
}

function encoding(id: string, encoded: () => Encoded): Encoded {
  try {
    return encoded()
  } catch (cause) {
    const why = isQueueError(cause) ? cause.message : 'it cannot be written down'
    throw new QueueError('store-failed', `Cannot store the payload ${id}: ${why}`, { cause })
  }
}

function bytesOf(read: ReadonlyMap<Blob, Uint8Array>, blob: Blob): Uint8Array {
  const bytes = read.get(blob)
  if (bytes === undefined) throw new TypeError('a Blob was not read before')
  return bytes
}

/** The text's parts first, then the bytes'. */
export function putPayload(connection: Connection, queue: number, { id, text, parts }: PackedPut): void {
  dropPayload(connection, queue, id)
  const chunks = [...textChunks(text), ...parts.flatMap(byteChunks)]
  for (const [part, chunk] of chunks.entries()) {
    connection.run('INSERT INTO holdfast_payloads VALUES (?, ?, ?, ?)', queue, id, part, chunk)
  }
}

export function dropPayload({ run }: Connection, queue: number, id: string): void {
  run('DELETE FROM holdfast_payloads WHERE queue = ? AND id = ?', queue, id)
}

/** `undefined` when there is none. */
export function payloadOf({ all }: Connection, queue: number, id: string, identity: string): unknown {
  const rows = all('SELECT body FROM holdfast_payloads WHERE queue = ? AND id = ? ORDER BY part', queue, id)
  if (rows.length === 0) return undefined
  let text = ''
  const pieces: Uint8Array<ArrayBuffer>[] = []
  for (const { body } of rows) {
    if (typeof body === 'string') text += body
    else if (body instanceof ArrayBuffer) pieces.push(new Uint8Array(body))
    else if (isBytes(body)) pieces.push(body)
    else throw corruptStore(identity, `the payload ${id} is damaged`)
  }
  try {
    return decode(text, pieces)
  } catch (cause) {
    if (isQueueError(cause)) throw cause
    throw corruptStore(identity, `the payload ${id} is damaged`, cause)
  }
}

function isBytes(value: unknown): value is Uint8Array<ArrayBuffer> {
  return value instanceof Uint8Array && value.buffer instanceof ArrayBuffer
}
