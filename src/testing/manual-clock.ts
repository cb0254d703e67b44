import type { Clock } from '../types.ts'

/** A {@link Clock} that stands still until it is told otherwise. */
export interface ManualClock extends Clock {
  /** Lets time pass on both clocks; timers go off on the way, each at its instant, in the order they are due. */
  advance(ms: number): void
  /** Lets time pass on both clocks, and leaves the timers that become due to {@link runDue}. */
  pass(ms: number): void
  /** Runs the timer that has been due longest. Returns whether there was one. */
  runDue(): boolean
  /** Sets the wall clock, forwards or back (epoch milliseconds). Monotonic time and timers do not notice. */
  setWall(at: number): void
  /** Milliseconds until the first timer is due, 0 when one is; `undefined` when none is set. */
  untilNext(): number | undefined
  /** How many timers are set. */
  readonly timers: number
}

/** Options of {@link manualClock}. */
export interface ManualClockOptions {
  /** Where the wall clock begins (epoch milliseconds). @default the beginning of 2026, UTC */
  readonly now?: number
  /** Where the monotonic clock begins (milliseconds). @default 0 */
  readonly monotonic?: number
}

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/**
 * A clock to test with: two times that pass only when told to, and timers that go off in order.
 *
 * @throws RangeError (its `advance` and `pass`) for a time that is negative or not a number.
 * @example
 * ```ts
 * import { manualClock } from 'holdfast/testing'
 *
 * const clock = manualClock()
 * let rang = false
 * clock.setTimer(() => { rang = true }, 60_000)
 * clock.setWall(0) // the user sets the clock back: the timer does not notice
 * clock.advance(60_000)
 * console.log(rang) // true
 * ```
 */
export function manualClock(options: ManualClockOptions = {}): ManualClock {
  let { now: wall = Date.UTC(2026, 0, 1), monotonic: mono = 0 } = options
  // In the order they are due; of those due at one instant, in the order they were set.
  const timers: Timer[] = []

  const pass = (ms: number): void => {
    if (!(ms >= 0)) throw new RangeError(`Cannot let time pass: ms is ${ms}, expected 0 or more milliseconds`)
    mono += ms
    wall += ms
  }
  const untilNext = (): number | undefined => {
    const [first] = timers
    return first && Math.max(0, first.at - mono)
  }
  const runDue = (): boolean => {
    if (untilNext() !== 0) return false
    timers.shift()?.callback()
    return true
  }

  return {
    now: () => wall,
    monotonic: () => mono,
    setTimer(callback, ms) {
      const timer = { at: mono + Math.max(0, ms), callback }
      const later = timers.findIndex((other) => other.at > timer.at)
      timers.splice(later < 0 ? timers.length : later, 0, timer)
      return () => {
        const place = timers.indexOf(timer)
        if (place >= 0) timers.splice(place, 1)
      }
    },
    advance(ms) {
      const end = mono + ms
      for (let first = timers[0]; first !== undefined && first.at <= end; first = timers[0]) {
        wall += Math.max(0, first.at - mono)
        // To the very instant: a sum of what passed could fall short of it by a rounding, for ever.
        mono = Math.max(mono, first.at)
        runDue()
      }
      pass(end - mono)
    },
    pass,
    runDue,
    setWall(at) {
      wall = at
    },
    untilNext,
    get timers() {
      return timers.length
    },
  }
}
