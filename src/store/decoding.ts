import { QueueError } from '../errors.ts'

const version = 1
const numbers: Readonly<Record<string, number>> = {
  '-0': -0,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}
const errors = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }

/** The runs of bytes of a document, each in as many pieces as it was stored in. */
type Parts = readonly (readonly Uint8Array<ArrayBuffer>[])[]

interface Reader {
  readonly parts: Parts
  /** By their number in the document. */
  readonly objects: unknown[]
}

/**
 * Reads what `encode` wrote: its text, and its bytes in pieces that no two runs share.
 *
 * @throws QueueError `version-ahead` when a newer version of the library wrote it.
 * @throws Error when it is not as it was written.
 */
export function decode(text: string, pieces: readonly Uint8Array<ArrayBuffer>[]): unknown {
  const document = record(JSON.parse(text))
  if (typeof document.v === 'number' && document.v > version) {
    const have = `version ${document.v}, and this version of the library reads up to ${version}`
    throw new QueueError('version-ahead', `Cannot read a payload: it has ${have}`)
  }
  const reader: Reader = { parts: partsOf(list(document.parts), pieces), objects: [] }
  return read(reader, document.value)
}

function partsOf(lengths: readonly unknown[], pieces: readonly Uint8Array<ArrayBuffer>[]): Parts {
  let next = 0
  const parts = lengths.map((length) => {
    const part: Uint8Array<ArrayBuffer>[] = []
    let missing = count(length)
    while (missing > 0) {
      const piece = pieces[next++]
      if (piece === undefined || piece.byteLength > missing) throw damaged('bytes are missing')
      missing -= piece.byteLength
      part.push(piece)
    }
    return part
  })
  if (next < pieces.length) throw damaged('there are more bytes than it speaks of')
  return parts
}

function read(reader: Reader, node: unknown): unknown {
  if (typeof node !== 'object' || node === null) return node
  if (Array.isArray(node)) {
    const array: unknown[] = []
    reader.objects.push(array)
    for (const item of node) array.push(read(reader, item))
    return array
  }
  const fields = record(node)
  if (!Object.hasOwn(fields, '$')) return fill(reader, kept(reader, {}), Object.entries(fields))
  const reading = Object.hasOwn(readers, String(fields.$)) ? readers[String(fields.$)] : readView
  if (reading === undefined) throw damaged(`it has a ${String(fields.$)}`)
  return reading(reader, fields)
}

const readers: Readonly<Record<string, (reader: Reader, fields: Record<string, unknown>) => unknown>> = {
  undefined: () => undefined,
  number: (_, { is }) => numbers[text(is)],
  bigint: (_, { digits }) => BigInt(text(digits)),
  ref(reader, { to }) {
    if (count(to) >= reader.objects.length) throw damaged('it refers to what is not there')
    return reader.objects[count(to)]
  },
  Date: (reader, { at }) => kept(reader, new Date(Number(read(reader, at)))),
  RegExp: (reader, { source, flags }) => kept(reader, new RegExp(text(source), text(flags))),
  Map(reader, { entries }) {
    const map = kept(reader, new Map())
    for (const [key, item] of list(entries).map(pair)) {
      const readKey = read(reader, key)
      map.set(readKey, read(reader, item))
    }
    return map
  },
  Set(reader, { values }) {
    const set = kept(reader, new Set())
    for (const item of list(values)) set.add(read(reader, item))
    return set
  },
  Error(reader, { name, message, stack, ...more }) {
    const made = Object.entries(errors).find(([known]) => known === name)?.[1] ?? Error
    const error = kept(reader, new made(text(message)))
    hide(error, 'stack', stack)
    if (error.name !== name) hide(error, 'name', name)
    if ('cause' in more) hide(error, 'cause', read(reader, more.cause))
    return error
  },
  ArrayBuffer: (reader, { part }) => kept(reader, joined(partAt(reader, part))),
  Blob: (reader, { part, type }) => kept(reader, new Blob([...partAt(reader, part)], { type: text(type) })),
  File(reader, { part, type, name, lastModified }) {
    const options = { type: text(type), lastModified: Number(lastModified) }
    return kept(reader, new File([...partAt(reader, part)], text(name), options))
  },
  Array(reader, { length, fields }) {
    const array = kept(reader, new Array<unknown>(count(length)))
    return fill(reader, array, list(fields).map(pair))
  },
  Object: (reader, { fields }) => fill(reader, kept(reader, {}), list(fields).map(pair)),
}

function readView(reader: Reader, { $, buffer, offset, length }: Record<string, unknown>): unknown {
  const at = reader.objects.push(undefined) - 1
  const bytes = read(reader, buffer)
  const view = views().find(({ name }) => name === $)
  if (!(bytes instanceof ArrayBuffer) || view === undefined) throw damaged(`it has a ${String($)}`)
  reader.objects[at] = new view(bytes, count(offset), count(length))
  return reader.objects[at]
}

type View = new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView

function views(): View[] {
  const common: View[] = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array]
  common.push(Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView)
  // Not everywhere yet.
  return typeof Float16Array === 'undefined' ? common : [...common, Float16Array]
}

// Known before it is filled, so that what points back at it finds it.
function kept<T>(reader: Reader, object: T): T {
  reader.objects.push(object)
  return object
}

function fill<T extends object>(reader: Reader, object: T, fields: readonly [unknown, unknown][]): T {
  for (const [key, node] of fields) {
    const value = read(reader, node)
    // Not by assignment: a field may be called __proto__.
    Object.defineProperty(object, text(key), { value, writable: true, enumerable: true, configurable: true })
  }
  return object
}

function hide(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: false, configurable: true })
}

function partAt({ parts }: Reader, part: unknown): readonly Uint8Array<ArrayBuffer>[] {
  const pieces = parts[count(part)]
  if (pieces === undefined) throw damaged('bytes are missing')
  return pieces
}

function joined(pieces: readonly Uint8Array[]): ArrayBuffer {
  const bytes = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.byteLength
  }
  return bytes.buffer
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged('a field is missing')
  return value as Record<string, unknown>
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw damaged('a list is missing')
  return value
}

function pair(value: unknown): [unknown, unknown] {
  const [first, second, ...more] = list(value)
  if (more.length > 0) throw damaged('a pair is none')
  return [first, second]
}

function count(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw damaged('a number is missing')
  return value
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw damaged('a text is missing')
  return value
}

function damaged(why: string): Error {
  return new Error(`Cannot read a payload: ${why}`)
}
