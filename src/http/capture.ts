import { misuse, refuseUnknown } from '../errors.ts'
import type { EnqueueOptions } from '../queue/options.ts'
import { isNetworkFailure } from './assert-ok.ts'
import { isOwn, requestPayload, type RequestPayload, type RequestPayloadOptions } from './payload.ts'

/** What a service worker's `fetch` event is, as far as {@link capture} goes. */
export interface CaptureEvent {
  readonly request: Request
  respondWith(response: Promise<Response>): void
  waitUntil(promise: Promise<unknown>): void
}

/** A queue, as far as {@link capture} goes. */
export interface CaptureQueue<Kind extends string> {
  enqueue(kind: Kind, payload: RequestPayload, options: EnqueueOptions): Promise<{ readonly id: string }>
  list(filter: {
    readonly key: string
    readonly state: 'pending' | 'running'
    readonly limit: number
  }): Promise<{ readonly jobs: readonly unknown[] }>
}

/** Options of {@link capture}. */
export interface CaptureOptions<Kind extends string> extends RequestPayloadOptions {
  readonly queue: CaptureQueue<Kind>
  /** The kind of job that a captured request becomes: one that {@link httpHandler} runs. */
  readonly kind: Kind
  /** Which requests: a `RegExp` or `URLPattern` for the whole URL, or a function. */
  readonly match: { test(url: string): boolean } | ((request: Request) => boolean)
  /** @default ['POST', 'PUT', 'PATCH', 'DELETE'] */
  readonly methods?: readonly string[]
  /** `always-queue`: the network is not tried first. @default 'network-first' */
  readonly strategy?: 'network-first' | 'always-queue'
  /** Which answers of the network count as none, such as `({ status }) => status >= 500`. @default none */
  readonly failed?: (response: Response) => boolean
  /**
   * Requests of one key keep their order, and what comes while one of them is queued joins the queue at once.
   *
   * @default what dedupeKey gives
   */
  readonly key?: (request: Request) => string | undefined
  /** A later request takes the place of an earlier one that still waits (see `onDuplicate`). */
  readonly dedupeKey?: (request: Request) => string | undefined
  /** Any options of the enqueue. `onDuplicate` is `replace` by default. */
  readonly options?: Omit<EnqueueOptions, 'key' | 'dedupeKey'>
  /**
   * The header by which the first try and the job's are known to be the same request: minted where it is not there, and
   * only within the own origin, as another would want to be asked first. `null`: none.
   *
   * @default 'Idempotency-Key'
   */
  readonly idempotencyHeader?: string | null
  /** Called once a request is queued: the place to register a sync. The event waits for it, its answer does not. */
  readonly onQueued?: (queued: { readonly id: string }, event: CaptureEvent) => unknown
  /** @default crypto.randomUUID */
  readonly mint?: () => string
}

const known = [
  ...['queue', 'kind', 'match', 'methods', 'strategy', 'failed', 'key', 'dedupeKey', 'options'],
  ...['idempotencyHeader', 'onQueued', 'mint', 'omitHeaders', 'maxBytes'],
]

/**
 * A listener for a service worker's `fetch` events: tries the network, and where nobody answers puts the request into
 * the queue and answers `202` with `{ id, queued: true }`. By then the job is on the disk.
 *
 * Never taken are navigations, requests for ranges, `no-cors` requests to another origin, and those with
 * `cache: 'no-store'`, which is how replays are sent. A request that its page aborts is not queued, where the engine
 * tells of it (Chromium does not). What cannot be queued (too large, no room) fails as it would have without. Leave
 * bodies that a page streams out by `match`: should the page end in the middle, an engine may take what came for all
 * of it. The listener returns whether it answers.
 *
 * @throws TypeError for options that make no sense.
 * @example
 * ```ts
 * import { createQueue, memoryStore } from 'holdfast'
 * import { capture, httpHandler } from 'holdfast/http'
 *
 * const queue = createQueue({ name: 'api', store: memoryStore(), handlers: { request: httpHandler() } })
 * const onFetch = capture({ queue, kind: 'request', match: /\/api\// })
 * // In a service worker: addEventListener('fetch', onFetch)
 * console.log(typeof onFetch) // function
 * await queue.close()
 * ```
 */
export function capture<const Kind extends string>(
  options: CaptureOptions<Kind>,
): (event: CaptureEvent) => boolean {
  refuseUnknown('options', options, known)
  const { match, kind } = options
  const matches = typeof match === 'function' ? match : ({ url }: Request) => match.test(url)
  if (typeof match !== 'function' && typeof Object(match).test !== 'function') {
    throw misuse('options.match', match, 'a RegExp, a URLPattern or a function')
  }
  if (typeof kind !== 'string') throw misuse('options.kind', kind, 'a kind of job')
  return (event) => {
    const { request } = event
    if (!isEligible(request, options) || !matches(request)) return false
    event.respondWith(answer(event, options))
    return true
  }
}

function isEligible(request: Request, { methods = ['POST', 'PUT', 'PATCH', 'DELETE'] }: Eligible): boolean {
  const { method, mode, cache, headers, url } = request
  if (!methods.includes(method) || mode === 'navigate' || headers.has('range')) return false
  if (cache === 'no-store' || headers.get('cache-control') === 'no-store') return false
  return mode !== 'no-cors' || isOwn(url)
}

type Eligible = Pick<CaptureOptions<string>, 'methods'>

async function answer<Kind extends string>(
  event: CaptureEvent,
  options: CaptureOptions<Kind>,
): Promise<Response> {
  const { strategy, failed } = options
  const request = named(event.request, options)
  const dedupeKey = options.dedupeKey?.(event.request)
  const key = options.key ? options.key(event.request) : dedupeKey
  const queue = (kept: Request): Promise<Response> => queued(kept, { key, dedupeKey }, event, options)
  if (strategy === 'always-queue' || (key !== undefined && (await isQueued(key, options)))) {
    return queue(request)
  }
  const copy = request.clone()
  let response: Response
  try {
    response = await fetch(request)
  } catch (error) {
    // Whoever aborts does not want it done later.
    if (event.request.signal.aborted || !isNetworkFailure(error)) throw error
    return queue(copy)
  }
  if (!failed?.(response)) return response
  // An answer, bad as it is, says more than that it could not be queued.
  return queue(copy).catch(() => response)
}

/** The request under a name by which the server knows it again, should it hear of it twice. */
function named<Kind extends string>(request: Request, options: CaptureOptions<Kind>): Request {
  const { idempotencyHeader: header = 'Idempotency-Key', mint = () => crypto.randomUUID() } = options
  if (header === null || request.headers.has(header) || !isOwn(request.url)) return request
  const headers = new Headers(request.headers)
  headers.set(header, mint())
  // A request made of another loses these.
  const { referrer, referrerPolicy } = request
  return new Request(request, { headers, referrer, referrerPolicy })
}

/** Whether something of that key is still to be done: whatever comes after it must not overtake it. */
async function isQueued<Kind extends string>(key: string, { queue }: CaptureOptions<Kind>): Promise<boolean> {
  for (const state of ['pending', 'running'] as const) {
    if ((await queue.list({ key, state, limit: 1 })).jobs.length > 0) return true
  }
  return false
}

async function queued<Kind extends string>(
  request: Request,
  keys: { readonly key: string | undefined; readonly dedupeKey: string | undefined },
  event: CaptureEvent,
  options: CaptureOptions<Kind>,
): Promise<Response> {
  const { queue, kind, omitHeaders, maxBytes, onQueued, options: given } = options
  const payload = await requestPayload(request, {
    ...(omitHeaders && { omitHeaders }),
    ...(maxBytes !== undefined && { maxBytes }),
  })
  const { id } = await queue.enqueue(kind, payload, {
    ...(keys.key !== undefined && { key: keys.key }),
    ...(keys.dedupeKey !== undefined && { dedupeKey: keys.dedupeKey, onDuplicate: 'replace' }),
    ...given,
  })
  if (onQueued) event.waitUntil((async () => onQueued({ id }, event))())
  return Response.json({ id, queued: true }, { status: 202 })
}
