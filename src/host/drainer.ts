import { isQueueError } from '../errors.ts'
import type { Queue } from '../queue/face.ts'
import type { DrainOptions, DrainResult } from '../queue/types.ts'

/** The first pause of a queue whose drains fail, or achieve nothing (milliseconds); each further one is twice as long. */
const firstRestMs = 15_000
const longestRestMs = 300_000

/** What is used of a queue to drain it. */
export type DrainableQueue = Pick<Queue, 'on' | 'drain' | 'info' | 'leave'>

/** How a drain ended. */
export type Outcome = { readonly result: DrainResult } | { readonly error: unknown }

/** Drains a queue, one drain at a time, and knows when the next one is worth while. */
export interface Drainer {
  /** Epoch milliseconds; `undefined`: never, or not known yet. */
  readonly dueAt: number | undefined
  /** Whether the queue has said when it is due: it does once its log was read. */
  readonly isKnown: boolean
  readonly isRunning: boolean
  /** Whether the queue runs something by itself: the application drains it, or has started it. */
  readonly isBusy: boolean
  /** Reads the log, if that was not done yet. Never rejects. */
  learn(): Promise<void>
  /** Drains, or joins the drain that is under way, whose options then count. Never rejects. */
  run(options?: DrainOptions): Promise<Outcome>
  /** Hears no more when the queue is due. */
  end(): void
}

export interface DrainerOptions {
  readonly queue: DrainableQueue
  readonly now: () => number
  /** Called when `dueAt` may have changed, in the very turn in which it did. */
  readonly changed: () => void
  readonly report: (error: unknown) => void
}

export function createDrainer({ queue, now, changed, report }: DrainerOptions): Drainer {
  const rest = createRest(now)
  let due: { readonly at: number | undefined; readonly busy: boolean } | undefined
  let running: Promise<Outcome> | undefined
  let learning: Promise<void> | undefined

  const end = queue.on('due', ({ at, busy }) => {
    due = { at, busy }
    if (running !== undefined) return
    // There is something new: what could not be done may be possible now.
    rest.end()
    changed()
  })
  const isDue = (): boolean => due === undefined || (due.at !== undefined && due.at <= now())
  const fail = (error: unknown): void => {
    // What was closed has nothing to do here any more.
    const isClosed = isQueueError(error, 'closed')
    due = { at: isClosed ? undefined : now(), busy: false }
    if (isClosed) return
    rest.afterFailure()
    report(error)
  }
  const drain = async (options?: DrainOptions): Promise<Outcome> => {
    try {
      const result = await queue.drain(options)
      rest.after(isVain(result) && isDue())
      await letGo(queue).catch(fail)
      return { result }
    } catch (error) {
      fail(error)
      return { error }
    }
  }

  return {
    get dueAt() {
      return due?.at === undefined ? undefined : Math.max(due.at, rest.until)
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
        }, fail)
        .finally(() => {
          learning = undefined
          changed()
        })
      return learning
    },
    run(options) {
      running ??= drain(options).finally(() => {
        running = undefined
        changed()
      })
      return running
    },
    end,
  }
}

function isVain({ completed, failed, dead }: DrainResult): boolean {
  return completed + failed + dead === 0
}

/** A queue's sender would wait with a timer for its next try: the host wakes it for that, and may be stopped until then. */
async function letGo(queue: DrainableQueue): Promise<void> {
  if (!(await queue.info()).worker.started) await queue.leave()
}

/** The pauses of a queue. What two drains in a row could not do, nothing is gained by trying at once again. */
interface Rest {
  /** Epoch milliseconds. */
  readonly until: number
  /** `isVain`: the drain did nothing, though something is due. */
  after(isVain: boolean): void
  afterFailure(): void
  end(): void
}

function createRest(now: () => number): Rest {
  let vain = 0
  let until = Number.NEGATIVE_INFINITY
  const after = (isVain: boolean): void => {
    vain = isVain ? vain + 1 : 0
    if (vain > 1) until = now() + Math.min(firstRestMs * 2 ** (vain - 2), longestRestMs)
  }
  return {
    get until() {
      return until
    },
    after,
    afterFailure() {
      vain = Math.max(vain, 1)
      after(true)
    },
    end() {
      until = Number.NEGATIVE_INFINITY
    },
  }
}
