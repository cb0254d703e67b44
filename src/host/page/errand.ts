import type { DrainResult } from '../../queue/types.ts'
import type { AttachOptions } from './types.ts'

/** The pauses after asks that achieved nothing, and the shortest after one that did (milliseconds). */
const firstRestMs = 5_000
const longestRestMs = 300_000
const pauseMs = 1_000

/** Has a service worker drain, again and again as long as there is work that it can do. */
export interface Errand {
  /** Asks, unless that is under way or planned for later. `isFresh`: there is something new, so no wait counts. */
  run(isFresh: boolean): void
  /** Plans nothing any more, until it is run again. */
  rest(): void
}

/**
 * `ask` resolves to `undefined` where nobody answers. `look` is called when it is time to ask again, and runs the errand
 * if there is still a reason.
 */
export function createErrand(
  ask: () => Promise<DrainResult | undefined>,
  { now, setTimer }: NonNullable<AttachOptions['clock']>,
  look: () => void,
): Errand {
  let state: 'idle' | 'asking' | 'resting' = 'idle'
  let isStale = false
  let restMs = firstRestMs
  let cancel = (): void => undefined

  const waitMsAfter = (result: DrainResult | undefined): number => {
    const waitMs = (result?.wakeAt ?? 0) - now()
    if (result !== undefined && result.completed + result.failed + result.dead > 0) {
      restMs = firstRestMs
      return Math.max(waitMs, pauseMs)
    }
    const rested = Math.max(waitMs, restMs)
    restMs = Math.min(restMs * 2, longestRestMs)
    return rested
  }
  const plan = (waitMs: number): void => {
    state = 'resting'
    cancel = setTimer(() => {
      state = 'idle'
      look()
    }, waitMs)
  }
  const go = (): void => {
    cancel()
    state = 'asking'
    isStale = false
    // That it failed there says no more than that it is to be tried again.
    const answered = ask().catch(() => undefined)
    void answered.then((result) => {
      if (state !== 'asking') return
      if (isStale) go()
      else plan(waitMsAfter(result))
    })
  }
  return {
    run(isFresh) {
      if (isFresh) restMs = firstRestMs
      if (state === 'asking') isStale ||= isFresh
      else if (isFresh || state === 'idle') go()
    },
    rest() {
      cancel()
      state = 'idle'
    },
  }
}
