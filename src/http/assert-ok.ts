import { misuse, refuseUnknown, type Verdict } from '../errors.ts'
import { retryAfterMs } from '../retry-after.ts'
import { classify } from './classify.ts'
import { HttpError, NoResponseError } from './errors.ts'
import { excerptOf } from './excerpt.ts'

/** Options of {@link assertOk}. */
export interface AssertOkOptions {
  /**
   * The wall clock (epoch milliseconds), for a `Retry-After` that is a date in an answer without a `Date`.
   *
   * @default Date.now
   */
  readonly now?: () => number
  /**
   * How long to wait for the body of a failed answer, in milliseconds, before its excerpt is cut off.
   *
   * @default 2_000
   */
  readonly excerptMs?: number
}

/**
 * Resolves with a response of 2xx, untouched; sorts every other outcome of a request for the queue.
 *
 * - no response: {@link NoResponseError}; charged to the job only if the connection turns out to work
 * - 429, 502, 503, 504: the kind is held, as long as `Retry-After` asks or by backoff
 * - 401: the kind is held until `resume(kind)`
 * - 408, 425, other 5xx, and 409 with `Retry-After`: retried, no sooner than `Retry-After` asks
 * - everything else (redirects that were not followed among them): fatal for this job
 *
 * Behind CORS, `Retry-After` and `Date` are seen only if the server lists them in `Access-Control-Expose-Headers`.
 *
 * @throws HttpError when the server answered, and not with success.
 * @throws NoResponseError when it did not answer.
 * @throws TypeError when it is given no response.
 * @throws what else rejected the promise, unchanged: the reason of the aborted signal above all.
 * @example
 * ```ts
 * import { assertOk } from 'holdfast/http'
 *
 * export async function upload(photo: { url: string; file: Blob }, job: { signal: AbortSignal; idempotencyKey: string }) {
 *   const response = await assertOk(
 *     fetch(photo.url, {
 *       method: 'POST',
 *       body: photo.file,
 *       signal: job.signal,
 *       headers: { 'Idempotency-Key': job.idempotencyKey },
 *     }),
 *   )
 *   return { etag: response.headers.get('etag') }
 * }
 * ```
 */
export async function assertOk(
  response: Response | Promise<Response>,
  options: AssertOkOptions = {},
): Promise<Response> {
  refuseUnknown('options', options, ['now', 'excerptMs'])
  return judged(await answerOf(response), options)
}

/** Hands an answer on, unless it, or the rule that goes before it, says what else is to become of the job that got it. */
export async function judged(
  answer: Response,
  { now = Date.now, excerptMs = 2_000 }: AssertOkOptions,
  rule?: 'retry' | 'fatal',
): Promise<Response> {
  const afterMs = retryAfterMs(answer.headers, now)
  const floor = rule === 'retry' && afterMs ? { afterMs } : {}
  const verdict: Verdict | undefined = rule
    ? { type: rule, answered: true, ...floor }
    : classify(answer.status, afterMs)
  if (verdict === undefined) return answer
  const { status, statusText, url } = answer
  const body = await excerptOf(answer, excerptMs).catch(excerptOfLost)
  throw new HttpError({ status, statusText, url: publicUrl(url), body, retryAfterMs: afterMs }, verdict)
}

/** @throws NoResponseError when there is none; what else rejected the promise, unchanged. */
export async function answerOf(response: Response | Promise<Response>): Promise<Response> {
  const answer = await Promise.resolve(response).catch((error: unknown) => {
    throw isNetworkFailure(error) ? new NoResponseError(error) : error
  })
  // By its parts: it may be of another realm, or of a library of its own.
  if (typeof Object(answer).status !== 'number')
    throw misuse('response', answer, 'a Response or a promise of one')
  // A service worker's Response.error(), handed on without a fetch in between.
  if (answer.type === 'error') throw new NoResponseError(undefined)
  return answer
}

/** `fetch` rejects with a TypeError for every failure of the network, and of the request; an abort has a reason. */
export function isNetworkFailure(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof DOMException && error.name === 'NetworkError')
}

/** The status has come, and decides; a body lost after it costs only the excerpt. An abort decides otherwise. */
function excerptOfLost(error: unknown): string {
  if (isNetworkFailure(error)) return ''
  throw error
}

function publicUrl(url: string): string {
  if (url === '') return ''
  const { origin, protocol, pathname } = new URL(url)
  return origin === 'null' ? `${protocol}${pathname}` : `${origin}${pathname}`
}
