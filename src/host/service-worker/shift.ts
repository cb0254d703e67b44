import type { DrainResult } from '../../queue/types.ts'
import { takeSeat } from '../seat.ts'
import type { AttachOptions, HostedQueue } from './types.ts'

/** How a drain ended. */
export type Outcome = { readonly result: DrainResult } | { readonly error: unknown }

/** A service worker's turns at one queue: one drain at a time, each within the deadline of the event that asked. */
export interface Shift {
  readonly isRunning: boolean
  /** Whether somebody looks whether something is due. */
  readonly isLooking: boolean
  /** Whether something may be due, as far as is known at this very moment. Costs nothing. */
  readonly mayBeDue: boolean
  /** Somebody looks now. Returns whether that is the first time since the worker was started. */
  begin(): boolean
  /** Whether something can be done now, or was left by a worker that is gone. */
  isDue(): Promise<boolean>
  /** Whether something is worth coming back for. */
  isOwed(): Promise<boolean>
  /** Whether it has ended. */
  readonly isOver: boolean
  /**
   * Drains, after the drain that is under way if that leaves something. `endAt` (epoch milliseconds) is the event's
   * deadline, if that has begun earlier. Never rejects.
   */
  run(endAt?: number): Promise<Outcome>
  end(): void
}

interface ShiftOptions {
  readonly queue: HostedQueue
  readonly clock: NonNullable<AttachOptions['clock']>
  readonly deadlineMs: number
  readonly onError: (error: unknown) => void
}

export function createShift({ queue, clock: { now }, deadlineMs, onError }: ShiftOptions): Shift {
  let look: 'none yet' | 'under way' | 'done' = 'none yet'
  let isFirst = true
  let deadlineAt = 0
  let isOver = false
  let outcome: Outcome | undefined

  const drain = async (): Promise<DrainResult> => {
    try {
      const result = await queue.drain({ deadlineMs: Math.max(0, deadlineAt - now()) })
      outcome = { result }
      return result
    } catch (error) {
      outcome = { error }
      throw error
    }
  }
  const seat = takeSeat({
    queue: {
      on: (name, listener) => queue.on(name, listener),
      info: () => queue.info(),
      leave: () => queue.leave(),
      drain,
    },
    now,
    changed: () => undefined,
    report: onError,
  })
  const isOwed = async (): Promise<boolean> => (await queue.info()).owed.here
  const isTime = (): boolean => (seat.dueAt ?? Number.POSITIVE_INFINITY) <= now()

  return {
    get isRunning() {
      return seat.isRunning
    },
    get isLooking() {
      return look === 'under way'
    },
    get mayBeDue() {
      return look === 'none yet' || isTime()
    },
    begin() {
      isFirst = look === 'none yet'
      look = 'under way'
      return isFirst
    },
    async isDue() {
      let seen: typeof look = 'none yet'
      try {
        // What a worker that was stopped had in hand is due to nobody until its lock is found free.
        const isLeft = isFirst && (await isOwed())
        seen = 'done'
        return isLeft || isTime()
      } finally {
        look = seen
      }
    },
    isOwed,
    get isOver() {
      return isOver
    },
    async run(endAt = now() + deadlineMs) {
      const joined = seat.isRunning ? seat.run() : undefined
      await joined
      if (joined === undefined || (await isOwed().catch(() => false))) {
        // Whoever else waited for the same drain may have begun the next one.
        if (!seat.isRunning) deadlineAt = endAt
        await seat.run()
      }
      return outcome ?? { error: new Error('Cannot tell how the drain ended') }
    },
    end() {
      isOver = true
      seat.leave()
    },
  }
}
