import type { AlarmStorage } from './types.ts'

/** An object's one alarm, which is written only when that changes anything. */
export interface Alarm {
  /**
   * Sets it for `at` (epoch milliseconds), or takes it back. The storage is written before this returns: what the caller
   * wrote in the same turn is committed together with it, or not at all.
   */
  set(at: number | undefined): Promise<void>
  /** It went off, so there is none now; or nobody knows. */
  forget(): void
}

export function createAlarm(storage: AlarmStorage, now: () => number): Alarm {
  /** `null`: there is none. `undefined`: not known, as after an eviction. */
  let armedAt: number | null | undefined
  const isSet = (at: number | undefined): boolean => {
    if (armedAt === undefined) return false
    if (at === undefined || armedAt === null) return armedAt === (at ?? null)
    // Both are past: it goes off as soon as it can.
    return armedAt === at || Math.max(armedAt, at) <= now()
  }
  return {
    async set(at) {
      if (isSet(at)) return
      armedAt = at ?? null
      try {
        await (at === undefined ? storage.deleteAlarm() : storage.setAlarm(at))
      } catch (error) {
        armedAt = undefined
        throw error
      }
    },
    forget() {
      armedAt = undefined
    },
  }
}
