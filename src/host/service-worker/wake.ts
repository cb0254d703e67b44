import type { FollowUp } from './follow-up.ts'
import { pause } from './pause.ts'
import type { Shift } from './shift.ts'
import type { AttachOptions, WorkerEvent } from './types.ts'

interface WakeOptions {
  readonly shift: Shift
  readonly followUp: FollowUp
  readonly clock: NonNullable<AttachOptions['clock']>
  readonly onError: (error: unknown) => void
}

/**
 * Has an event that is none of the queue's look whether something can be done, where that may be worth while. `pauseMs`: how
 * long the first look since the worker's start waits.
 */
export type Wake = (event: Pick<WorkerEvent, 'waitUntil'>, pauseMs?: number) => void

export function createWake({ shift, followUp, clock, onError }: WakeOptions): Wake {
  let state: 'never looked' | 'looking' | 'looked' = 'never looked'

  const findsWork = async (isFirst: boolean): Promise<boolean> => {
    let seen: typeof state = 'never looked'
    try {
      // What a worker that was stopped had in hand is due to nobody until its lock is found free.
      const isLeft = isFirst && (await shift.isOwed())
      seen = 'looked'
      return isLeft || shift.isDue
    } finally {
      state = seen
    }
  }
  const look = async (isFirst: boolean): Promise<void> => {
    if (await findsWork(isFirst)) await shift.run()
    await followUp.ensure()
  }
  return (event, pauseMs = 0) => {
    const isFirst = state === 'never looked'
    if (shift.isRunning || state === 'looking' || !(isFirst || shift.isDue || followUp.isMissing)) return
    state = 'looking'
    const paused = isFirst && pauseMs > 0 ? pause(clock, pauseMs) : Promise.resolve()
    event.waitUntil(paused.then(() => look(isFirst)).catch(onError))
  }
}
