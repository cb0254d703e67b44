import { contentType, previousHeader } from '../sync/wire.ts'
import type { Ack } from './ack.ts'
import { type Batch, decodeBatch } from './batch.ts'
import { readJson } from './body.ts'
import { rememberLog } from './log-identity.ts'
import { problem } from './problem.ts'
import { settle } from './settlement.ts'
import type { AckStore } from './store.ts'

/** Options of {@link createReceiver}. */
export interface ReceiverOptions<Tx, Answer = unknown> {
  /** Where the marks are kept: `sqliteAcks(database)`, `d1Acks(database)`, or `memoryAcks()` for tests. */
  readonly store: AckStore<Tx, Answer>
  /**
   * Whose request it is: a non-empty string that stays the same for ever, or `null`, `undefined` or `''` for nobody,
   * which is answered 401. Called before the body is read, and must not read it. What it throws is answered 503.
   */
  readonly authenticate: (request: Request) => string | null | undefined | Promise<string | null | undefined>
  /**
   * Called once for each acknowledgement, in order, inside the transaction that moves the mark (`tx`) where the store
   * has one. `RejectAck` refuses this one for good; anything else thrown settles what came before, and is answered
   * 503: the device sends it again. Stores with synchronous transactions do not accept a promise; `d1Acks` takes
   * what is returned for statements.
   */
  readonly onAck: (ack: Ack, tx: Tx) => NoInfer<Answer>
  /**
   * Told what `authenticate`, `onAck` (then with the acknowledgement) or the store threw: log it, since the device
   * is only answered 503.
   *
   * @default nothing is told
   */
  readonly onError?: (error: unknown, ack: Ack | undefined) => void
  /**
   * The longest body accepted, in bytes. A longer one is answered 413, and the device sends less at once.
   *
   * @default 1_048_576
   */
  readonly maxBodyBytes?: number
  /**
   * The most events accepted at once; more are answered 413.
   *
   * @default 1_000
   */
  readonly maxBatch?: number
  /**
   * Whether the cookie that remembers the device's log is for https only. Set it behind a proxy that ends TLS, where
   * the request's own URL says http.
   *
   * @default whether the request's URL is https
   */
  readonly secureCookie?: boolean
}

/** Answers one request of a device. Never rejects for anything in the request. */
export type Receiver = (request: Request) => Promise<Response>

/**
 * The server's end of the acknowledgements, as a fetch handler: mount it at the URL that `sync.url` names.
 *
 * Per source (one outbox of one device) it keeps the highest number settled and the id at it, so that each
 * acknowledgement takes effect once, however often it is sent. A source belongs to the first principal that used it.
 *
 * `HEAD` is answered 204 to anybody: it is what devices probe the connection with. A request to another origin needs
 * CORS, which is the host's to answer: allow the method `POST` and the headers `Content-Type`, `Holdfast-Previous`,
 * `Holdfast-Log` and what `authenticate` reads; expose `Holdfast-Lost` and `Retry-After`. Time limits on slow bodies
 * are the host's too.
 *
 * @throws RangeError when a limit is not a whole number from 1; TypeError for any other option that makes no sense.
 * @throws TypeError (the promise rejects) on misuse: `onAck` returned a promise to a store that cannot wait,
 * `authenticate` read the body or returned something else. Nothing is settled then.
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { ReadableStream as WebStream } from 'node:stream/web'
 * import { createReceiver, memoryAcks } from 'holdfast/receiver'
 *
 * const receive = createReceiver({
 *   store: memoryAcks(),
 *   authenticate: (request) => (request.headers.get('authorization') === 'Bearer let-me-in' ? 'me' : null),
 *   onAck: (ack) => console.log(ack.subject, ack.type),
 *   onError: (error) => console.error(error),
 * })
 *
 * createServer(async (incoming, outgoing) => {
 *   const headers = new Headers()
 *   for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value))
 *   // A body that is refused is not read to its end: that must neither end the connection nor block it.
 *   const body = WebStream.from(incoming.iterator({ destroyOnReturn: false })) as ReadableStream
 *   const { method = 'GET', url } = incoming
 *   const init = { method, headers, body: method === 'POST' ? body : null, duplex: 'half' }
 *   const response = await receive(new Request(`http://localhost${url}`, init))
 *   outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
 *   incoming.resume()
 * })
 * ```
 */
export function createReceiver<Tx, Answer>(options: ReceiverOptions<Tx, Answer>): Receiver {
  const limits = checked<Tx, Answer>(Object(options))
  const unavailable = (error: unknown, ack?: Ack): Response => {
    options.onError?.(error, ack)
    return problem(503, 'not-settled', 'Not settled: send them again later')
  }

  return async (request) => {
    const response = await answer(request)
    // A 204 is cacheable, and a probe of the connection must not be answered by a cache.
    response.headers.set('cache-control', 'no-store')
    return response
  }

  async function answer(request: Request): Promise<Response> {
    const headers = { allow: 'POST, HEAD, OPTIONS' }
    if (request.method === 'HEAD' || request.method === 'OPTIONS') {
      return new Response(null, { status: 204, headers })
    }
    if (request.method !== 'POST') return problem(405, 'method-not-allowed', 'Use POST', headers)
    const principal = await principalOf(request)
    return principal instanceof Response ? principal : receive(request, principal)
  }

  async function principalOf(request: Request): Promise<string | Response> {
    let principal: unknown
    try {
      principal = await options.authenticate(request)
    } catch (error) {
      return unavailable(error)
    }
    if (request.bodyUsed) throw new TypeError('Cannot receive: authenticate read the body')
    if (principal === null || principal === undefined || principal === '') {
      return problem(401, 'unauthorized', 'Sign in')
    }
    if (typeof principal === 'string') return principal
    throw new TypeError(
      `Cannot receive: authenticate returned ${typeof principal}, expected a string or null`,
    )
  }

  async function receive(request: Request, principal: string): Promise<Response> {
    if (!isBatch(request.headers))
      return problem(415, 'wrong-type', `The body must be ${contentType}, not encoded`)
    const body = await readJson(request, limits.maxBodyBytes)
    if (body instanceof Response) return body
    if (Array.isArray(body.json) && body.json.length > limits.maxBatch) {
      return problem(413, 'batch-too-large', `More than ${limits.maxBatch} events`)
    }
    const batch = decodeBatch(body.json, request.headers.get(previousHeader), principal)
    if ('fault' in batch) return problem(422, 'malformed', `Not a batch: ${batch.fault}`)
    const response = await settled(batch, principal)
    // A device that was told to wait, or to send something else, may not look further: it hears of its loss later.
    if (response.status === 200) rememberLog(request, response.headers, batch.queue, options.secureCookie)
    return response
  }

  async function settled(batch: Batch, principal: string): Promise<Response> {
    const onAck = (ack: Ack, tx: Tx): Answer => options.onAck(ack, tx)
    try {
      const outcome = await options.store.settle(batch.source, (known) =>
        settle(known, principal, batch, onAck),
      )
      if (outcome.type === 'failed') return unavailable(outcome.error, outcome.ack)
      if (outcome.type === 'bound') return problem(403, 'source-bound', 'Not your source')
      return Response.json(outcome.body, { status: outcome.status })
    } catch (error) {
      if (error instanceof TypeError) throw error
      return unavailable(error)
    }
  }
}

function isBatch(headers: Headers): boolean {
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  const encoding = headers.get('content-encoding') ?? 'identity'
  return type.trim().toLowerCase() === contentType && encoding.toLowerCase() === 'identity'
}

/** Looks at all options, since the types let a misspelt one through where they are not written in place. */
function checked<Tx, Answer>({
  store,
  authenticate,
  onAck,
  onError,
  maxBodyBytes = 1_048_576,
  maxBatch = 1_000,
  secureCookie: _,
  ...unknown
}: ReceiverOptions<Tx, Answer>): Pick<Required<ReceiverOptions<Tx, Answer>>, 'maxBodyBytes' | 'maxBatch'> {
  const cannot = 'Cannot create a receiver:'
  for (const name of Object.keys(unknown)) throw new TypeError(`${cannot} there is no option ${name}`)
  const functions = { 'store.settle': store?.settle, authenticate, onAck, onError: onError ?? onAck }
  for (const [name, value] of Object.entries(functions)) {
    if (typeof value === 'function') continue
    throw new TypeError(`${cannot} ${name} is ${typeof value}, expected a function`)
  }
  for (const [name, value] of Object.entries({ maxBodyBytes, maxBatch })) {
    if (Number.isSafeInteger(value) && value >= 1) continue
    throw new RangeError(
      `${cannot} ${name} is ${typeof value === 'number' ? value : typeof value}, expected a whole number from 1`,
    )
  }
  return { maxBodyBytes, maxBatch }
}
