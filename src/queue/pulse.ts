import type { Replica } from '../replica/types.ts'
import type { Clock } from '../types.ts'

/** How long one who waits for others goes without looking: hints get lost. */
const lookMs = 30_000

/** Looks at the log now and then, while somebody waits for what others do to it. */
export interface Pulse {
  /** Returns what ends it. */
  begin(): () => void
}

export function createPulse(replica: Replica, clock: Clock, onError: (error: unknown) => void): Pulse {
  let waiting = 0
  let cancel: (() => void) | undefined
  const arm = (): void => {
    cancel = clock.setTimer(() => {
      arm()
      replica.catchUp().catch(onError)
    }, lookMs)
  }
  return {
    begin() {
      waiting++
      if (waiting === 1) arm()
      let isOver = false
      return () => {
        if (isOver) return
        isOver = true
        waiting--
        if (waiting === 0) cancel?.()
      }
    },
  }
}
