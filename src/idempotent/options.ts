import { checkMs, misuse, refuseUnknown, shown } from '../errors.ts'
import type { KeyedRequest } from './request.ts'
import type { ResponseStore } from './store.ts'

/** Options of {@link idempotent}. */
export interface IdempotentOptions<Tx, Answer, Prepared = undefined> {
  /** Where the responses are kept: `sqliteResponses(database)`, `d1Responses(env.DB)`, or `memoryResponses()`. */
  readonly store: ResponseStore<Tx, Answer>
  /**
   * Whose request it is: a non-empty string that stays the same for ever, or `null`, `undefined` or `''` for nobody,
   * which is answered 401. Called before the body is read, and must not read it; not called for `OPTIONS`.
   *
   * Without it everybody shares one space of keys, and who knows a key gets its response.
   *
   * @default nobody is told apart
   */
  readonly principal?: (request: Request) => string | null | undefined | Promise<string | null | undefined>
  /**
   * What takes time, or has to be waited for, before the transaction: its result is the handler's third argument. Not
   * called when a response is kept already; but it may be called for several duplicates at once, and again for a
   * retry, so it must have no effects. What it throws is thrown on, and frees the key.
   *
   * @default nothing is prepared
   */
  readonly prepare?: (request: KeyedRequest) => Prepared | Promise<Prepared>
  /**
   * Whether a request that must have a key (any but `GET`, `HEAD`, `OPTIONS` and `TRACE`) is answered 400 without.
   * Otherwise it is run each time, in a transaction all the same.
   *
   * @default true
   */
  readonly required?: boolean
  /**
   * Whether an answer of this status is the last word: what the handler did is committed, and the response kept. Any
   * other is undone, and frees the key. 5xx never is the last word.
   *
   * @default every status but 401, 408, 409, 425 and 429
   */
  readonly isFinal?: (status: number) => boolean
  /**
   * For how long a response is kept, in milliseconds. A retry after that runs again.
   *
   * @default 2_592_000_000, 30 days
   */
  readonly keepMs?: number
  /**
   * How long to wait for another request of the same key (in memory), or for a locked database (SQLite), in
   * milliseconds: then the answer is 409 or 503, with `Retry-After`. D1 has nothing to wait for.
   *
   * @default 10_000
   */
  readonly waitMs?: number
  /**
   * The largest body accepted, in bytes; all of it is held in memory. A larger one is answered 413.
   *
   * @default 1_048_576
   */
  readonly maxBodyBytes?: number
  /**
   * The largest body of a response that can be kept, in bytes. A larger one is an error: everything is undone.
   *
   * @default 1_048_576
   */
  readonly maxResponseBytes?: number
  /**
   * The wall clock (epoch milliseconds), for `keepMs`.
   *
   * @default Date.now
   */
  readonly now?: () => number
}

/** The options with their defaults. */
export type Settings<Tx, Answer, Prepared> = Required<
  Omit<IdempotentOptions<Tx, Answer, Prepared>, 'principal' | 'prepare'>
> &
  Pick<IdempotentOptions<Tx, Answer, Prepared>, 'principal' | 'prepare'>

const known = [
  'store',
  'principal',
  'prepare',
  'required',
  'isFinal',
  'keepMs',
  'waitMs',
  'maxBodyBytes',
  'maxResponseBytes',
  'now',
]
const freeing: readonly number[] = [401, 408, 409, 425, 429]
const dayMs = 86_400_000
/** Timers go no further. */
const longestWaitMs = 2 ** 31 - 1

/** @throws TypeError or RangeError for an option that makes no sense. */
export function settingsOf<Tx, Answer, Prepared>(
  options: IdempotentOptions<Tx, Answer, Prepared>,
): Settings<Tx, Answer, Prepared> {
  refuseUnknown('options', options, known)
  const {
    required = true,
    isFinal = (status) => !freeing.includes(status),
    keepMs = 30 * dayMs,
    waitMs = 10_000,
    maxBodyBytes = 1_048_576,
    maxResponseBytes = 1_048_576,
    now = Date.now,
  } = options
  const { store, principal = now, prepare = now } = options
  const functions = { 'store.find': store?.find, 'store.run': store?.run, isFinal, now, principal, prepare }
  for (const [name, value] of Object.entries(functions)) {
    if (typeof value !== 'function') throw misuse(`options.${name}`, value, 'a function')
  }
  if (typeof required !== 'boolean') throw misuse('options.required', required, 'true or false')
  checkMs('Cannot use options.keepMs: it', keepMs)
  checkMs('Cannot use options.waitMs: it', waitMs)
  for (const [name, value] of Object.entries({ maxBodyBytes, maxResponseBytes })) {
    if (Number.isSafeInteger(value) && value >= 0) continue
    throw new RangeError(`Cannot use options.${name}: it is ${shown(value)}, expected a whole number from 0`)
  }
  const limits = { keepMs, waitMs: Math.min(waitMs, longestWaitMs), maxBodyBytes, maxResponseBytes }
  return { ...options, ...limits, required, isFinal, now }
}
