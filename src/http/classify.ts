import type { Verdict } from '../errors.ts'

/**
 * What an HTTP status means for the job that got it; `undefined` for success (2xx).
 *
 * | status | verdict |
 * |---|---|
 * | 429, 502, 503, 504 | `hold`: the kind waits, at least `retryAfterMs` |
 * | 401 | `hold-until-resume`: the kind waits for `resume(kind)` |
 * | 408, 425, other 5xx, 409 with `Retry-After` | `retry`: charged to the job, `retryAfterMs` is a floor under the backoff |
 * | everything else, redirects and 0 among them | `fatal` |
 *
 * @param retryAfterMs - What `Retry-After` asks for, in milliseconds.
 * @example
 * ```ts
 * import { classify } from 'holdfast/http'
 *
 * classify(503, 2_000) // { type: 'hold', afterMs: 2_000 }
 * classify(404) // { type: 'fatal', answered: true }
 * classify(204) // undefined
 * ```
 */
export function classify(status: number, retryAfterMs?: number): Verdict | undefined {
  const floor = retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }
  if (status >= 200 && status <= 299) return undefined
  if (status === 401) return { type: 'hold-until-resume' }
  if (status === 429 || (status >= 502 && status <= 504)) return { type: 'hold', ...floor }
  // A conflict that passes by itself: the first request of the same idempotency key is still going on.
  const passes = status === 409 && retryAfterMs !== undefined
  if (passes || status === 408 || status === 425 || (status >= 500 && status <= 599)) {
    return { type: 'retry', answered: true, ...floor }
  }
  return { type: 'fatal', answered: true }
}
