import { createDrainer, type Outcome } from '../drainer.ts'
import type { AttachOptions, HostedQueue } from './types.ts'

/** A service worker's turns at one queue: one drain at a time, each within the deadline of the event that asked. */
export interface Shift {
  readonly isRunning: boolean
  /** Whether something can be done now, as far as is known at this very moment. Costs nothing. */
  readonly isDue: boolean
  /** Whether it has ended. */
  readonly isOver: boolean
  /** Whether something is worth coming back for. */
  isOwed(): Promise<boolean>
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
  const drainer = createDrainer({ queue, now, changed: () => undefined, report: onError })
  let isOver = false
  const isOwed = async (): Promise<boolean> => (await queue.info()).owed.here

  return {
    get isRunning() {
      return drainer.isRunning
    },
    get isDue() {
      return (drainer.dueAt ?? Number.POSITIVE_INFINITY) <= now()
    },
    get isOver() {
      return isOver
    },
    isOwed,
    async run(endAt = now() + deadlineMs) {
      const joined = drainer.isRunning ? await drainer.run() : undefined
      if (joined !== undefined && !(await isOwed().catch(() => false))) return joined
      // Whoever else waited for the same drain may have begun the next one: then its deadline counts.
      return drainer.run({ deadlineMs: Math.max(0, endAt - now()) })
    },
    end() {
      isOver = true
      drainer.end()
    },
  }
}
