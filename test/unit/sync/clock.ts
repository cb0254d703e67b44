import type { Clock } from '../../../src/types.ts'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** A clock that stands still until it is advanced. */
export interface TestClock extends Clock {
  /** Lets time pass, timers going off on the way, each at its instant. */
  advance(ms: number): void
  /** How many timers are set. */
  readonly timers: number
}

export function testClock(start: number = Date.UTC(2026, 7, 9, 12, 0, 0)): TestClock {
  const timers = new Set<Timer>()
  let elapsed = 0
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    setTimer(callback, ms) {
      const timer = { at: elapsed + ms, callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance(ms) {
      const end = elapsed + ms
      for (;;) {
        const due = [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        elapsed = Math.max(elapsed, due.at)
        timers.delete(due)
        due.callback()
      }
      elapsed = end
    },
    get timers() {
      return timers.size
    },
  }
}

/** Lets everything that is under way go on until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    if (turn > 5_000) throw new Error('The condition never held')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Lets everything that can go on without the clock go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}
