import { isQueueError } from '../errors.ts'
import type { HostedQueue } from './cloudflare/types.ts'

/** The first pause of a queue whose drains fail, or achieve nothing (milliseconds); each further one is twice as long. */
const firstRestMs = 15_000
const longestRestMs = 300_000

/** One queue of an object: knows when it wants to be woken, and drains it. */
export interface Seat {
  /** Epoch milliseconds; `undefined`: never, or not known yet. */
  readonly dueAt: number | undefined
  /** Whether the queue has said when it is due: it does once its log was read. */
  readonly isKnown: boolean
  readonly isRunning: boolean
  /** Whether the queue runs something by itself: the application drains it, or has started it. */
  readonly isBusy: boolean
  /** Reads the log, if that was not done yet. Never rejects. */
  learn(): Promise<void>
  /** Drains, or joins the drain that is under way. Never rejects. */
  run(): Promise<void>
  leave(): void
}

export interface SeatOptions {
  readonly queue: HostedQueue
  readonly now: () => number
  /** Called when `dueAt` may have changed, in the very turn in which it did. */
  readonly changed: () => void
  readonly report: (error: unknown) => void
}

export function takeSeat({ queue, now, changed, report }: SeatOptions): Seat {
  let due: { readonly at: number | undefined; readonly busy: boolean } | undefined
  let running: Promise<void> | undefined
  let learning: Promise<void> | undefined
  let vain = 0
  let restsUntil = Number.NEGATIVE_INFINITY

  const off = queue.on('due', ({ at, busy }) => {
    due = { at, busy }
    if (running !== undefined) return
    // There is something new: what could not be done may be possible now.
    restsUntil = Number.NEGATIVE_INFINITY
    changed()
  })
  /** What is still due after a drain, twice in a row, could not be done: nothing is gained by trying at once again. */
  const rest = (achieved: boolean): void => {
    const isLeft = due === undefined || (due.at !== undefined && due.at <= now())
    vain = achieved || !isLeft ? 0 : vain + 1
    if (vain > 1) restsUntil = now() + Math.min(firstRestMs * 2 ** (vain - 2), longestRestMs)
  }
  const failed = (error: unknown): void => {
    // What was closed has nothing to do here any more.
    due = { at: isQueueError(error, 'closed') ? undefined : now(), busy: false }
    vain = Math.max(vain, 1)
    rest(false)
    if (due.at !== undefined) report(error)
  }
  const drain = async (): Promise<void> => {
    try {
      const { completed, failed, dead } = await queue.drain()
      rest(completed + failed + dead > 0)
      // Its sender would wait with a timer for its next try: the alarm does that, and the object may be evicted.
      if (!(await queue.info()).worker.started) await queue.leave()
    } catch (error) {
      failed(error)
    }
  }

  return {
    get dueAt() {
      return due?.at === undefined ? undefined : Math.max(due.at, restsUntil)
    },
    get isKnown() {
      return due !== undefined
    },
    get isRunning() {
      return running !== undefined
    },
    get isBusy() {
      return due?.busy === true
    },
    learn() {
      learning ??= queue
        .info()
        .then(() => {
          due ??= { at: undefined, busy: false }
        }, failed)
        .finally(() => {
          learning = undefined
          changed()
        })
      return learning
    },
    run() {
      running ??= drain().finally(() => {
        running = undefined
        changed()
      })
      return running
    },
    leave: off,
  }
}
