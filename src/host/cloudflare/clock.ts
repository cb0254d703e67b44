import type { AttachOptions } from './types.ts'

/** The platform's clock and timers. */
export const systemClock: NonNullable<AttachOptions['clock']> = {
  now: () => Date.now(),
  setTimer(callback, ms) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}
