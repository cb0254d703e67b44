/**
 * Every code a {@link QueueError} can carry.
 *
 * | code | meaning |
 * |---|---|
 * | `closed` | the queue or store was closed, or destroyed, before or during the call |
 * | `store-unavailable` | the store cannot be opened: absent, blocked, or failing again and again |
 * | `store-failed` | the store refused one operation; nothing of it was kept |
 * | `store-corrupt` | an entry or page on disk is not what was written |
 * | `quota-exceeded` | the origin is full; only what brings new bytes in was refused |
 * | `outcome-unknown` | the commit may or may not have happened, and it cannot be looked up |
 * | `log-behind` | internal: the log was truncated past the position asked for; reload |
 * | `log-replaced` | the log was deleted and made anew under an open handle |
 * | `version-ahead` | the log was written by a newer version of the library: reload the application |
 * | `payload-invalid` | the payload does not fit the task's schema (`issues` says where) |
 * | `payload-not-storable` | the payload holds something that cannot be cloned (`path` says where) |
 * | `payload-too-large` | the payload is larger than `limits.maxPayloadBytes` |
 * | `backlog-full` | `limits.maxPending` is reached and `overflow` is `reject` |
 * | `lease-lost` | the job is no longer held under this epoch; nothing was written |
 * | `not-found` | there is no job of that id for this owner |
 * | `wrong-state` | the job is in a state that does not allow the verb |
 * | `unsent` | `destroy` refused: jobs are unfinished or acknowledgements unsent |
 * | `job-dead` | `result(id)`: the job went to the dead letters (`cause` is its last error) |
 * | `job-cancelled` | `result(id)`: the job was cancelled or removed |
 * | `stopped` | the worker was stopped; the signal's reason for handlers |
 * | `timeout` | a handler ran longer than `timeoutMs`, or was silent for `stallMs`; work in `transact` waited too long |
 * | `cancelled` | the signal's reason when the job's cancellation was requested |
 */
export type QueueErrorCode =
  | 'closed'
  | 'store-unavailable'
  | 'store-failed'
  | 'store-corrupt'
  | 'quota-exceeded'
  | 'outcome-unknown'
  | 'log-behind'
  | 'log-replaced'
  | 'version-ahead'
  | 'payload-invalid'
  | 'payload-not-storable'
  | 'payload-too-large'
  | 'backlog-full'
  | 'lease-lost'
  | 'not-found'
  | 'wrong-state'
  | 'unsent'
  | 'job-dead'
  | 'job-cancelled'
  | 'stopped'
  | 'timeout'
  | 'cancelled'

/** One problem a schema found in a payload. */
export interface PayloadIssue {
  readonly message: string
  /** Where: property names and indexes from the payload's root. */
  readonly path: readonly (string | number)[]
}

/** What a {@link QueueError} may carry beside its message. */
export interface QueueErrorDetails {
  readonly cause?: unknown
  /** With `payload-invalid`: everything the schema objected to. */
  readonly issues?: readonly PayloadIssue[]
  /** With `payload-not-storable`: the offending field, such as `payload.items[2].onClick`. */
  readonly path?: string
  /**
   * With `store-failed`: the transaction may have been committed although no answer came, so the entry's id must
   * be looked up before anything is decided again.
   *
   * @default false
   */
  readonly uncertain?: boolean
}

/** The one error of the library: `code` is stable, `message` is for people. */
export class QueueError extends Error {
  override readonly name = 'QueueError'
  readonly code: QueueErrorCode
  readonly issues: readonly PayloadIssue[] | undefined
  readonly path: string | undefined
  readonly uncertain: boolean

  constructor(code: QueueErrorCode, message: string, details: QueueErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.issues = details.issues
    this.path = details.path
    this.uncertain = details.uncertain ?? false
  }
}

/**
 * Whether a caught value is a {@link QueueError}, optionally of one code. Works across copies of the library.
 *
 * @example
 * ```ts
 * import { isQueueError, QueueError } from 'holdfast'
 *
 * const error: unknown = new QueueError('backlog-full', 'Cannot enqueue: the backlog holds 100 jobs')
 * if (isQueueError(error, 'backlog-full')) console.log(error.message)
 * ```
 */
export function isQueueError(value: unknown, code?: QueueErrorCode): value is QueueError {
  if (!(value instanceof Error) || value.name !== 'QueueError' || !('code' in value)) return false
  return code === undefined || value.code === code
}

/**
 * How a failure is to be treated. `answered` says that the outside world did answer, so that a hold on the kind may
 * be lifted although this job failed.
 *
 * - `fatal`: dead at once, never retried.
 * - `retry`: charged to the job; `afterMs` is a floor under the backoff.
 * - `hold`: the outside world's fault: the kind waits, by backoff or at least `afterMs`.
 * - `hold-until-resume`: the kind waits for `resume(kind)` (a missing login).
 * - `no-response`: charged if the connectivity probe then succeeds, else a hold.
 */
export type Verdict =
  | { readonly type: 'fatal'; readonly answered?: boolean }
  | { readonly type: 'retry'; readonly afterMs?: number; readonly answered?: boolean }
  | { readonly type: 'hold'; readonly afterMs?: number }
  | { readonly type: 'hold-until-resume' }
  | { readonly type: 'no-response' }

/** The property by which an error carries its {@link Verdict}; a registered symbol, so copies of the library agree. */
const verdictKey: symbol = Symbol.for('holdfast.verdict')

/** The verdict an error carries, or a plain retry for any other thrown value. */
export function verdictOf(error: unknown): Verdict {
  if (typeof error === 'object' && error !== null && verdictKey in error) {
    const verdict = Reflect.get(error, verdictKey) as Verdict | undefined
    if (verdict !== undefined && typeof verdict.type === 'string') return verdict
  }
  return { type: 'retry' }
}

/** Attaches a verdict to an error under {@link verdictKey}, unseen by enumeration. */
export function withVerdict<E extends Error>(error: E, verdict: Verdict): E {
  Object.defineProperty(error, verdictKey, { value: verdict })
  return error
}

/**
 * Thrown by a handler when trying again cannot help: the job goes to the dead letters at once.
 *
 * @example
 * ```ts
 * import { FatalError } from 'holdfast'
 *
 * function parse(text: string): unknown {
 *   if (text === '') throw new FatalError('Cannot parse the order: it is empty')
 *   return JSON.parse(text)
 * }
 * parse('{}')
 * ```
 */
export class FatalError extends Error {
  override readonly name = 'FatalError'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    withVerdict(this, { type: 'fatal' })
  }
}

/** Options of {@link RetryError}. */
export interface RetryErrorOptions extends ErrorOptions {
  /** The next attempt starts no sooner than this many milliseconds from now, whatever the backoff says. */
  readonly afterMs?: number
}

/**
 * Thrown by a handler to be retried no sooner than `afterMs` from now. The attempt is charged as any error is.
 *
 * @throws RangeError when `afterMs` is negative or not a number; TypeError for another option.
 */
export class RetryError extends Error {
  override readonly name = 'RetryError'
  readonly afterMs: number

  constructor(message: string, options: RetryErrorOptions = {}) {
    super(message, options)
    refuseUnknown('options', options, ['afterMs', 'cause'])
    const { afterMs = 0 } = options
    checkMs('Cannot make a RetryError: afterMs', afterMs)
    this.afterMs = afterMs
    withVerdict(this, { type: 'retry', afterMs })
  }
}

/** A value as the message of a misuse shows it: text in quotes, so that `"5"` is not taken for 5. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

/** What refuses a value that was given where another is expected. */
export function misuse(what: string, value: unknown, expected: string): TypeError {
  return new TypeError(`Cannot use ${what}: it is ${shown(value)}, expected ${expected}`)
}

/** @throws RangeError unless it is a number of milliseconds, `Infinity` included; `what` begins the message. */
export function checkMs(what: string, ms: unknown): void {
  if (typeof ms === 'number' && ms >= 0) return
  throw new RangeError(`${what} is ${shown(ms)}, expected 0 or more milliseconds`)
}

/**
 * A misspelt option must not pass for one that was left out.
 *
 * @throws TypeError unless `given` is an object that has no other options than the known ones.
 */
export function refuseUnknown(what: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null) throw misuse(what, given, 'an object')
  const name = Object.keys(given).find((each) => !known.includes(each))
  if (name === undefined) return
  throw new TypeError(`Cannot use ${what}.${name}: there is no such option, expected ${known.join(', ')}`)
}
