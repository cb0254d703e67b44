import type { Clock } from '../types.ts'

/** The platform's clock and timers. */
export const systemClock: Pick<Clock, 'now' | 'setTimer'> = {
  now: () => Date.now(),
  setTimer(callback, ms) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}
