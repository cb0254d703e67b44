import type { Clock } from './types.ts'

/** Platforms' timers count in 32 bits: a longer one would fire at once. */
const longestMs = 2 ** 31 - 1

/** The platform's clocks and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, ms) {
    let timer: ReturnType<typeof setTimeout> | undefined
    if (ms <= longestMs) {
      timer = setTimeout(callback, Math.max(0, ms))
      return () => clearTimeout(timer)
    }
    const endsAt = performance.now() + ms
    const set = (): void => {
      const left = endsAt - performance.now()
      timer = left > longestMs ? setTimeout(set, longestMs) : setTimeout(callback, Math.max(0, left))
    }
    set()
    return () => clearTimeout(timer)
  },
}
