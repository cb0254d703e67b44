import { misuse, refuseUnknown, shown } from '../errors.ts'
import { readBytes } from './bytes.ts'
import type { KeyId, Snapshot } from './store.ts'

/**
 * A handler's answer as a plain object. Stores whose transactions are synchronous take nothing else: the body of a
 * `Response` can only be read by waiting, and it has to be kept before the transaction ends.
 */
export interface Reply {
  /** @default 200 */
  readonly status?: number
  readonly headers?: NonNullable<RequestInit['headers']>
  /** Text goes as `text/plain` unless `headers` say otherwise. Not together with `json`. */
  readonly body?: string | Uint8Array | null
  /** A value that goes as `application/json` unless `headers` say otherwise. */
  readonly json?: unknown
}

/** Hop by hop, or for the host to say anew. */
const neverCopied = [
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
const bodiless: readonly number[] = [204, 205, 304]

/** @throws TypeError or RangeError when it is not a reply. */
export function snapshotOf(reply: unknown): Snapshot {
  if (reply instanceof Response) return ofBodiless(reply)
  refuseUnknown('the reply', reply, ['status', 'headers', 'body', 'json'])
  const { status = 200, headers, body = null, json } = reply as Reply
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`Cannot answer: the status is ${shown(status)}, expected 200 to 599`)
  }
  const all = new Headers(headers)
  const [bytes, type] = contentOf(body, json)
  if (type !== undefined && !all.has('content-type')) all.set('content-type', type)
  return { status, headers: copied(all), body: bytes }
}

/** An answer as it is kept, and as it goes to whoever asked. */
export interface Received {
  readonly snapshot: Snapshot
  readonly response: Response
}

/**
 * As {@link snapshotOf}, and takes a `Response` with a body as well. One that need not be kept is not read: it may be a
 * stream without an end.
 */
export async function received(
  answer: unknown,
  { id, maxBytes }: { readonly id: KeyId | undefined; readonly maxBytes: number },
): Promise<Received> {
  if (!(answer instanceof Response)) return of(snapshotOf(answer))
  const { status, headers } = answer
  if (status < 200) throw new RangeError(`Cannot answer: the status is ${status}, expected 200 to 599`)
  if (id === undefined) return { snapshot: { status, headers: [], body: new Uint8Array() }, response: answer }
  if (answer.bodyUsed) throw new TypeError("Cannot answer: the response's body is already read")
  const body = await readBytes(answer.body, maxBytes)
  if (body === undefined) throw tooLarge(maxBytes)
  return of({ status, headers: copied(headers), body })
}

function of(snapshot: Snapshot): Received {
  return { snapshot, response: responseOf(snapshot) }
}

export function tooLarge(maxBytes: number): RangeError {
  return new RangeError(`Cannot keep the response: its body is larger than maxResponseBytes, ${maxBytes}`)
}

export function responseOf({ status, headers, body }: Snapshot): Response {
  const init = { status, headers: headers.map(([name, value]): [string, string] => [name, value]) }
  return new Response(bodiless.includes(status) ? null : new Uint8Array(body), init)
}

function ofBodiless(response: Response): Snapshot {
  if (response.body === null && response.status >= 200) {
    return { status: response.status, headers: copied(response.headers), body: new Uint8Array() }
  }
  throw new TypeError(
    'Cannot answer: this store keeps the answer in a synchronous transaction, which cannot read the body of a ' +
      'Response; return { status, headers, body } or { status, headers, json }',
  )
}

function contentOf(body: unknown, json: unknown): [body: Uint8Array, type?: string] {
  if (json !== undefined) {
    if (body !== null) throw new TypeError('Cannot answer: the reply has both body and json')
    const text: unknown = JSON.stringify(json)
    if (typeof text !== 'string') throw misuse('the reply.json', json, 'a value that is JSON')
    return [new TextEncoder().encode(text), 'application/json']
  }
  if (body === null) return [new Uint8Array()]
  if (typeof body === 'string') return [new TextEncoder().encode(body), 'text/plain;charset=UTF-8']
  if (body instanceof Uint8Array) return [body]
  throw misuse('the reply.body', body, 'text, a Uint8Array or null')
}

function copied(headers: Headers): [string, string][] {
  const ofThisHop = (headers.get('connection') ?? '').split(',').map((name) => name.trim().toLowerCase())
  return [...headers].filter(([name]) => !neverCopied.includes(name) && !ofThisHop.includes(name))
}
