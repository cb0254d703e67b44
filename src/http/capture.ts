import { misuse, refuseUnknown } from '../errors.ts'
import { reportUncaught } from '../report.ts'
import type { EnqueueOptions } from '../queue/options.ts'
import { isNetworkFailure } from './assert-ok.ts'
import { type CaptureEvent, type CaptureOptions, type CaptureQueue, known } from './capture-options.ts'
import { isOwn, requestPayload, type RequestPayload } from './payload.ts'
import { inTurn } from './turns.ts'

/** How long a look at the queue may take before the network is asked without it (milliseconds). */
const lookMs = 3_000

/**
 * A listener for a service worker's `fetch` events: tries the network, and where nobody answers puts the request into
 * the queue and answers `202` with `{ id, queued: true }`. By then the job is on the disk.
 *
 * Never taken are navigations, requests for ranges, `no-cors` requests to another origin, and those with
 * `cache: 'no-store'`, which is how replays and acknowledgements are sent. A request that its page aborts is not
 * queued, where the engine tells of it (Chromium does not). What cannot be queued (too large, no room) fails as a request that nobody answers
 * does, also where the network was not asked. Leave bodies that a page streams out by `match`: should the page end in
 * the middle, an engine may take what came for all of it. The listener returns whether it answers.
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
  if (typeof (Object(match).test ?? match) !== 'function') {
    throw misuse('options.match', match, 'a RegExp, a URLPattern or a function')
  }
  if (typeof kind !== 'string') throw misuse('options.kind', kind, 'a kind of job')
  return (event) => {
    const { request } = event
    if (!isEligible(request, options)) return false
    event.respondWith(answer(event, options))
    return true
  }
}

function isEligible(
  request: Request,
  { match, methods = ['POST', 'PUT', 'PATCH', 'DELETE'] }: Eligible,
): boolean {
  const { method, mode, cache, headers, url } = request
  if (!methods.includes(method) || mode === 'navigate' || headers.has('range')) return false
  if (cache === 'no-store' || headers.get('cache-control') === 'no-store') return false
  if (mode === 'no-cors' && !isOwn(url)) return false
  if (typeof match === 'function') return match(request)
  // A RegExp with the flag g or y would go on where it matched last.
  if ('lastIndex' in match) match.lastIndex = 0
  return match.test(url)
}

type Eligible = Pick<CaptureOptions<string>, 'match' | 'methods'>

/**
 * How long a request of a key may go without an answer before it counts as lost (milliseconds). After five minutes
 * Chromium has its page hear of a failure, while the worker, and what waits in it, may live on with other events.
 */
const answerMs = 240_000

/** What is under way of each key. By queue, as the keys are: several listeners may capture into one. */
const underWay = new WeakMap<CaptureQueue<never>, Map<string, Promise<unknown>>>()

/** The keys of a request. */
interface Place {
  readonly key: string | undefined
  readonly dedupeKey: string | undefined
}

async function answer<Kind extends string>(
  event: CaptureEvent,
  options: CaptureOptions<Kind>,
): Promise<Response> {
  const { signal } = event.request
  const dedupeKey = options.dedupeKey?.(event.request)
  const key = options.key ? options.key(event.request) : dedupeKey
  const place: Place = { key, dedupeKey }
  if (key === undefined) return outcome(place, event, options)
  const limit = new AbortController()
  // Kept when the limit is lifted: a page may leave its answer in the middle.
  signal.addEventListener('abort', () => limit.abort(signal.reason))
  const timer = setTimeout(() => limit.abort(), answerMs)
  const turns = underWay.get(options.queue) ?? new Map<string, Promise<unknown>>()
  underWay.set(options.queue, turns)
  const turn = inTurn(turns, key, () => outcome(place, event, options, limit.signal))
  return turn.finally(() => clearTimeout(timer))
}

async function outcome<Kind extends string>(
  place: Place,
  event: CaptureEvent,
  options: CaptureOptions<Kind>,
  limit?: AbortSignal,
): Promise<Response> {
  const { strategy, failed, onError = reportUncaught } = options
  const { signal } = event.request
  const isBehind =
    strategy === 'always-queue' || (place.key !== undefined && (await isQueued(place.key, options)))
  // Whoever aborts, maybe before it is this one's turn, does not want it done later.
  signal.throwIfAborted()
  const copy = event.request.clone()
  const knownAs = nameFor(copy, options)
  const queue = (): Promise<Response> => queued(copy, knownAs, place, event, options)
  if (isBehind) return queue()
  let response: Response
  try {
    response = await fetch(event.request, initOf(copy, knownAs, limit))
  } catch (error) {
    if (signal.aborted || !(limit?.aborted || isNetworkFailure(error))) throw error
    return queue()
  }
  if (!failed?.(response)) return response
  // An answer, bad as it is, says more than that it could not be queued.
  const answered = await queue().catch((error: unknown) => void onError(error))
  // Nobody reads it, and calling it off may fail.
  if (answered) response.body?.cancel().catch(() => undefined)
  return answered ?? response
}

type Name = RequestPayload['knownAs']

/** A name by which the server knows the request again, should it hear of it twice. */
function nameFor<Kind extends string>({ headers, url }: Request, options: CaptureOptions<Kind>): Name {
  const { idempotencyHeader: header = 'Idempotency-Key', mint = () => crypto.randomUUID() } = options
  return header === null || headers.has(header) || !isOwn(url) ? undefined : [header, mint()]
}

/** How it is sent: as it came, but for its name and the limit. */
function initOf(request: Request, knownAs: Name, limit: AbortSignal = request.signal): RequestInit {
  const { mode, referrer, referrerPolicy } = request
  const headers = new Headers(request.headers)
  if (knownAs) headers.set(...knownAs)
  return {
    ...{ referrer, referrerPolicy, headers, signal: limit },
    // A beacon, say, which is of the own origin here, as any that is `no-cors`: such a request takes no name.
    mode: mode === 'no-cors' ? 'same-origin' : mode,
  }
}

/**
 * Whether something of that key is known to be in line: whatever comes after it must not overtake it. A store
 * that fails, or does not answer soon, keeps nobody from a server that is up.
 */
async function isQueued<Kind extends string>(
  key: string,
  { queue, onError = reportUncaught }: CaptureOptions<Kind>,
): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new Error('Cannot look at the queue: no answer')
    timer = setTimeout(reject, lookMs, error)
  })
  try {
    const { jobs } = await Promise.race([queue.list({ key, state: 'in-line', limit: 1 }), late])
    return jobs.length > 0
  } catch (error) {
    onError(error)
    return false
  } finally {
    clearTimeout(timer)
  }
}

async function queued<Kind extends string>(
  request: Request,
  knownAs: Name,
  place: Place,
  event: CaptureEvent,
  options: CaptureOptions<Kind>,
): Promise<Response> {
  const { queue, kind, omitHeaders, maxBytes, onQueued, options: given } = options
  const payload = await requestPayload(request, { omitHeaders, maxBytes })
  const named = knownAs ? { ...payload, knownAs } : payload
  const { id } = await queue.enqueue(kind, named, optionsOf(place, given))
  if (onQueued) event.waitUntil((async () => onQueued({ id }, event))())
  const headers = { 'content-type': 'application/json' }
  return new Response(JSON.stringify({ id, queued: true }), { status: 202, headers })
}

/** What is said of duplicates is left out where there is no dedupe key: an enqueue would refuse it. */
function optionsOf({ key, dedupeKey }: Place, given: EnqueueOptions = {}): EnqueueOptions {
  const { onDuplicate = 'replace', while: during, dedupeMs, debounceMaxMs, ...others } = given
  const placed = key === undefined ? others : { ...others, key }
  return dedupeKey === undefined ? placed : { ...given, ...placed, dedupeKey, onDuplicate }
}
