/** How long to wait between attempts. */
export interface RetryPolicy {
  /**
   * How many errors a job may have: with the last one it is dead. Releases, interruptions and a hold's probes are no
   * errors.
   *
   * @default 20
   */
  readonly maxAttempts: number
  /** @default 1_000 */
  readonly baseMs: number
  /** The longest wait. @default 21_600_000 (6 hours) */
  readonly capMs: number
  /** The shortest wait. @default 0 */
  readonly minMs: number
  /**
   * `exponential` has full jitter: anything up to `baseMs · 2^(errors − 1)`. `fixed` waits `baseMs`, `linear` waits
   * `baseMs · errors`. A function is given the number of errors and returns milliseconds; what is
   * negative or no number counts as `capMs`.
   *
   * @default 'exponential'
   */
  readonly backoff: 'exponential' | 'fixed' | 'linear' | ((errors: number) => number)
}

export const defaultRetry: RetryPolicy = {
  maxAttempts: 20,
  baseMs: 1_000,
  capMs: 6 * 3_600_000,
  minMs: 0,
  backoff: 'exponential',
}

/** The longest wait that an instant can be told from: an infinite one would not survive the log. */
const longestMs = 2 ** 52

/** A wait as the log can keep it. */
export function finiteMs(ms: number): number {
  return Math.min(ms, longestMs)
}

/** The wait after the given number of errors (1 or more). `random` is a number from 0 to below 1. */
export function backoffMs(policy: RetryPolicy, errors: number, random: number): number {
  const { backoff, baseMs, capMs, minMs } = policy
  const wait = finiteMs(Math.min(capMs, raw(backoff, baseMs, errors, capMs)))
  const jittered = backoff === 'exponential' ? random * wait : wait
  return Math.max(finiteMs(minMs), Math.round(jittered))
}

function raw(backoff: RetryPolicy['backoff'], baseMs: number, errors: number, capMs: number): number {
  if (backoff === 'fixed') return baseMs
  if (backoff === 'linear') return baseMs * errors
  if (backoff === 'exponential') return baseMs * 2 ** (errors - 1)
  const wait = backoff(errors)
  return wait >= 0 ? wait : capMs
}
