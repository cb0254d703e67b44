import type { Replica } from '../replica/types.ts'
import type { Clock } from '../types.ts'

/** How long one who waits for others goes without looking: hints get lost. */
const lookMs = 30_000

/** Looks at the log now and then, while somebody waits for what others do to it. */
export interface Pulse {
  /** Returns what ends it. */
  begin(): () => void
  /** Looks now, if the log was opened. */
  look(): void
  /** Somebody asks, and may ask again: looks, behind what is answered now, where nothing was heard for as long. */
  asked(): void
}

/** Ends with the replica: what is closed, or of no use any more, has nothing more to tell. */
export function createPulse(replica: Replica, clock: Clock, onError: (error: unknown) => void): Pulse {
  let waiting = 0
  let isOver = false
  let cancel: (() => void) | undefined
  let heardAt = 0
  const look = (): void => {
    heardAt = clock.monotonic()
    replica.catchUp().catch(onError)
  }
  const arm = (): void => {
    if (isOver) return
    cancel = clock.setTimer(() => {
      arm()
      look()
    }, lookMs)
  }
  replica.listen({
    entry() {
      heardAt = clock.monotonic()
    },
    notice({ state }) {
      if (state === 'opened') heardAt = clock.monotonic()
      if (state !== 'closed' && state !== 'down') return
      isOver = true
      cancel?.()
    },
  })
  return {
    begin() {
      waiting++
      if (waiting === 1) arm()
      let isEnded = false
      return () => {
        if (isEnded) return
        isEnded = true
        waiting--
        if (waiting === 0) cancel?.()
      }
    },
    look() {
      if (!isOver && replica.state !== undefined) look()
    },
    asked() {
      if (!isOver && replica.state !== undefined && clock.monotonic() - heardAt >= lookMs) look()
    },
  }
}
