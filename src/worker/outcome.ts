import { checkMs } from '../errors.ts'
import { isJson } from './json.ts'

/** What a handler returns to be called again later; made by {@link snooze}. */
export interface Snooze {
  readonly [snoozeKey]: number
}

const snoozeKey: unique symbol = Symbol.for('holdfast.snooze')

/**
 * Returned by a handler: not done, not failed; call again in `ms` milliseconds. Nothing is charged.
 *
 * @throws RangeError when `ms` is negative or not a number.
 * @example
 * ```ts
 * import { snooze } from 'holdfast'
 *
 * const poll = async (ready: boolean) => (ready ? { done: true } : snooze(60_000))
 * await poll(false)
 * ```
 */
export function snooze(ms: number): Snooze {
  checkMs('Cannot snooze: ms', ms)
  return { [snoozeKey]: ms }
}

/** The milliseconds of a {@link Snooze}, or `undefined` for any other value. */
function snoozeMs(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !(snoozeKey in value)) return undefined
  const ms: unknown = Reflect.get(value, snoozeKey)
  return typeof ms === 'number' ? ms : undefined
}

/** The longest result kept, as JSON text. */
const maxResultLength = 16_384

/** What a handler's returned value says: call again in `waitMs`, or a result as the log keeps it, or why it cannot. */
export interface Outcome {
  readonly waitMs?: number
  /** JSON text. */
  readonly text?: string
  readonly refused?: string
}

const nothing: Outcome = {}

/** Never throws: whatever was returned, the work was done. */
export function outcomeOf(value: unknown): Outcome {
  if (value === undefined) return nothing
  try {
    const waitMs = snoozeMs(value)
    return waitMs === undefined ? encodeResult(value) : { waitMs }
  } catch (error) {
    return { refused: `it cannot be read (${error instanceof Error ? error.message : 'no reason given'})` }
  }
}

function encodeResult(value: unknown): Outcome {
  if (!isJson(value)) return { refused: 'it is not JSON' }
  const text = JSON.stringify(value)
  if (text.length <= maxResultLength) return { text }
  return { refused: `it has ${text.length} characters, of ${maxResultLength}` }
}
