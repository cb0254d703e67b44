import type { Clock } from '../types.ts'

/** Platforms' timers count in 32 bits: a longer one would fire at once. */
const longestMs = 2 ** 31 - 1

/** The platform's clocks and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, ms) {
    const endsAt = performance.now() + ms
    let timer: ReturnType<typeof setTimeout> | undefined
    const set = (): void => {
      const left = endsAt - performance.now()
      timer = left > longestMs ? setTimeout(set, longestMs) : setTimeout(callback, Math.max(0, left))
    }
    set()
    return () => clearTimeout(timer)
  },
}
