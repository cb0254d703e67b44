import { misuse, shown } from '../errors.ts'
import { readBytes } from './bytes.ts'
import { fingerprintOf } from './fingerprint.ts'
import { parseKey } from './key.ts'
import { type IdempotentOptions, type Settings, settingsOf } from './options.ts'
import { problem } from './problem.ts'
import { responseOf, tooLarge } from './reply.ts'
import { type KeyedRequest, keyedRequest } from './request.ts'
import type { Judgement, KeptResponse, KeyId, Outcome, Snapshot } from './store.ts'

const header = 'idempotency-key'
const replayedHeader = 'idempotency-replayed'
const safeMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE']
/** Of whom the first answer was for: a cookie is a key to somebody's session, and its age is not what it was. */
const notKept: readonly string[] = ['set-cookie', 'date']
const retryAfter = { 'retry-after': '1' }

/**
 * Makes an endpoint that takes effect once for each `Idempotency-Key`, however often a request is sent: the server's
 * half of the header, as draft-ietf-httpapi-idempotency-key-header has it, and as a queue's handlers send it
 * (`job.idempotencyKey`).
 *
 * What `handler` does through `tx`, and its answer, are committed together. From then on every request of that
 * principal and key gets this answer, byte for byte, with `Idempotency-Replayed: true`, but without `Set-Cookie`. The
 * key is freed, and everything undone, when the handler throws or answers 401, 408, 409, 425, 429 or 5xx.
 *
 * | answer | when |
 * |---|---|
 * | 400 | the key is missing (`key-missing`) or malformed, or the body broke off |
 * | 401 | `principal` knows nobody |
 * | 409, `Retry-After` | in memory, a request of this key has been going on for `waitMs` |
 * | 413 | the body is larger than `maxBodyBytes` |
 * | 422 | the key was used for another method, path, query or body |
 * | 503, `Retry-After` | the SQLite database was locked for `waitMs`, be it by a request of this key |
 *
 * @param handler - Answers a request. Whether it may be asynchronous, and what it answers with, depends on the store.
 * @throws TypeError or RangeError at once when an option makes no sense.
 * @throws what `handler`, `prepare`, `principal` or the database threw (the promise rejects): answering it, with 500,
 * and logging it are the host's.
 * @example
 * ```ts
 * import { idempotent, memoryResponses } from 'holdfast/idempotent'
 *
 * const orders: unknown[] = []
 * const order = idempotent(
 *   (request) => Response.json({ number: orders.push(request.json()) }, { status: 201 }),
 *   { store: memoryResponses() },
 * )
 *
 * const send = () => {
 *   const headers = { 'Idempotency-Key': 'V1StGXR8-1' }
 *   return order(new Request('https://example.com/orders', { method: 'POST', body: '{"tea":2}', headers }))
 * }
 * await send()
 * const again = await send()
 * console.log(again.status, await again.json()) // 201 {"number":1}
 * ```
 */
export function idempotent<Tx, Answer, Prepared = undefined>(
  handler: (request: KeyedRequest, tx: Tx, prepared: Prepared) => NoInfer<Answer>,
  options: IdempotentOptions<Tx, Answer, Prepared>,
): (request: Request) => Promise<Response> {
  if (typeof handler !== 'function') throw misuse('the handler', handler, 'a function')
  const settings = settingsOf(options)
  const { store, now } = settings

  return async (request) => {
    const isSafe = safeMethods.includes(request.method)
    const principal = request.method === 'OPTIONS' ? '' : await principalOf(request, settings)
    if (principal === undefined) return problem('unauthorized', 'Sign in')
    const key = isSafe ? undefined : keyOf(request, settings.required)
    if (key instanceof Response) return key
    const bytes = await bodyOf(request, settings.maxBodyBytes)
    if (bytes instanceof Response) return bytes
    const given = keyedRequest(request, bytes, { key, principal })
    return key === undefined ? unkeyed(given, isSafe) : keyed(given, { principal, key })
  }

  async function unkeyed(given: KeyedRequest, isReadOnly: boolean): Promise<Response> {
    const judge = ({ status }: Snapshot): Judgement => ({ isFinal: isFinal(status, settings) })
    return answered(await run(given, undefined, judge, isReadOnly), '')
  }

  async function keyed(given: KeyedRequest, id: KeyId): Promise<Response> {
    const { method, url, headers, bytes } = given
    const fingerprint = await fingerprintOf(method, url, headers.get('content-type'), bytes)
    const kept = await store.find(id, now())
    if (kept !== undefined) return replayed(kept, fingerprint)
    const judge = (snapshot: Snapshot): Judgement => judged(snapshot, fingerprint, settings)
    return answered(await run(given, id, judge, false), fingerprint)
  }

  async function run(
    given: KeyedRequest,
    id: KeyId | undefined,
    judge: (snapshot: Snapshot) => Judgement,
    isReadOnly: boolean,
  ): Promise<Outcome> {
    // Without `prepare` there is nothing that a `Prepared` could be.
    const prepared = (await settings.prepare?.(given)) as Prepared
    const handle = (tx: Tx): Answer => handler(given, tx, prepared)
    const { waitMs, maxResponseBytes: maxBytes } = settings
    return store.run({ id, isReadOnly, now: now(), waitMs, maxBytes, handle, judge })
  }
}

async function principalOf<Tx, Answer, Prepared>(
  request: Request,
  { principal }: Settings<Tx, Answer, Prepared>,
): Promise<string | undefined> {
  if (principal === undefined) return ''
  const name: unknown = await principal(request)
  if (request.bodyUsed) throw new TypeError('Cannot answer: principal read the body')
  if (name === null || name === undefined || name === '') return undefined
  // Databases write replacement characters for lone surrogates: two such names would be one.
  if (typeof name === 'string' && name.isWellFormed()) return name
  throw new TypeError(
    `Cannot answer: principal returned ${shown(name)}, expected a well-formed string or null`,
  )
}

function keyOf(request: Request, isRequired: boolean): string | undefined | Response {
  const text = request.headers.get(header)
  if (text === null) {
    return isRequired ? problem('key-missing', 'This operation requires an Idempotency-Key') : undefined
  }
  return (
    parseKey(text) ?? problem('key-malformed', 'An Idempotency-Key has 1 to 255 printable ASCII characters')
  )
}

async function bodyOf(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | Response> {
  const refusal = (): Response => problem('body-too-large', `The body is larger than ${maxBytes} bytes`)
  // A length that admits to being too large is believed; no other is.
  if (Number(request.headers.get('content-length')) > maxBytes) return refusal()
  const read = streamOf(request).then((stream) => readBytes(stream, maxBytes))
  return read.then((bytes) => bytes ?? refusal()).catch(() => problem('body-lost', 'The body broke off'))
}

async function streamOf(request: Request): Promise<Request['body']> {
  const { body }: { readonly body?: Request['body'] } = request
  // Firefox has no streams of requests, where an endpoint runs in a page or a service worker.
  return body === undefined ? (await request.blob()).stream() : body
}

function isFinal<Tx, Answer, Prepared>(status: number, settings: Settings<Tx, Answer, Prepared>): boolean {
  return status < 500 && settings.isFinal(status)
}

function judged<Tx, Answer, Prepared>(
  { status, headers, body }: Snapshot,
  fingerprint: string,
  settings: Settings<Tx, Answer, Prepared>,
): Judgement {
  if (!isFinal(status, settings)) return { isFinal: false }
  const { maxResponseBytes, keepMs, now } = settings
  if (body.byteLength > maxResponseBytes) throw tooLarge(maxResponseBytes)
  // Kept in columns that have no Infinity.
  const expiresAt = Math.min(Math.ceil(now() + keepMs), Number.MAX_SAFE_INTEGER)
  const kept = headers.filter(([name]) => !notKept.includes(name))
  return { isFinal: true, keep: { status, headers: kept, body, fingerprint, expiresAt } }
}

function answered(outcome: Outcome, fingerprint: string): Response {
  switch (outcome.type) {
    case 'ran':
      return outcome.response
    case 'kept':
      return replayed(outcome.kept, fingerprint)
    case 'busy':
      return outcome.what === 'key'
        ? problem('key-in-use', 'The first request of this key goes on: send it again later', retryAfter)
        : problem('database-busy', 'Nothing was done: send it again later', retryAfter)
  }
}

function replayed(kept: KeptResponse, fingerprint: string): Response {
  if (kept.fingerprint !== fingerprint) {
    return problem('key-reused', 'This key was used for a request of another method, URL or body')
  }
  const response = responseOf(kept)
  response.headers.set(replayedHeader, 'true')
  return response
}
