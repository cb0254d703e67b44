import {
  type CommonOptions,
  type DrainResult,
  type Handlers,
  type HandlersOf,
  type KindMap,
  type KindsOfHandlers,
  type KindsOfTasks,
  memoryStore,
  type Queue,
  type QueueEvents,
  type StoreFactory,
  type Tasks,
} from '../index.ts'
import { type LooseOptions, openQueue } from '../queue/queue.ts'
import { type Platform, platformKey } from '../queue/platform.ts'
import type { WorkerOptions } from '../worker/types.ts'
import { describe, describeJobs, type EnqueuedJob, isMeant, type JobMatch } from './kit-match.ts'
import { type Performed, perform } from './kit-perform.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'

/** Options of {@link testQueue}: those of `createQueue`, none of which has to be given. */
export interface TestQueueOptions extends Omit<CommonOptions, 'name' | 'store' | 'fallback' | 'clock'> {
  /** @default 'test' */
  readonly name?: string
  /** @default a memory store of its own */
  readonly store?: StoreFactory
  /** @default a manual clock of its own */
  readonly clock?: ManualClock
}

/** What time brought about. */
export type Passed = Pick<DrainResult, 'completed' | 'failed' | 'dead' | 'remaining' | 'nextAt'>

/** A queue under test, and what a test does with it. */
export interface TestQueue<Kinds extends KindMap = KindMap> {
  /** The queue itself, for the code under test. Nothing runs in it by itself, until the test says so. */
  readonly queue: Queue<Kinds>
  readonly clock: ManualClock
  /** Every `warning` of the queue so far. */
  readonly warnings: readonly QueueEvents['warning'][]
  /**
   * Runs one attempt of one job now, and tells how it ended: the job of that id, whatever its wait, its line and its
   * limits say, or the first of a kind that is due.
   *
   * @throws QueueError `not-found`, `wrong-state`.
   */
  perform(which: string | { readonly kind: keyof Kinds & string }): Promise<Performed>
  /** Runs what is due, and nothing else. */
  drain(): Promise<DrainResult>
  /** Lets time pass (milliseconds), and runs what becomes due on the way, each at its instant. */
  advance(ms: number): Promise<Passed>
  /**
   * Lets as much time pass as it takes until every job is finished, or only a person can change that.
   *
   * @throws Error that lists what is left after `withinMs`. @default withinMs 2_592_000_000 (30 days)
   */
  settle(options?: { readonly withinMs?: number }): Promise<Passed>
  /** The jobs there are, in whatever state, in the order of their enqueueing. */
  enqueued(match?: JobMatch<keyof Kinds & string>): Promise<readonly EnqueuedJob[]>
  /** The first job that is meant. @throws Error that lists what there is instead. */
  assertEnqueued(match?: JobMatch<keyof Kinds & string>): Promise<EnqueuedJob>
  /** @throws Error that lists the jobs that should not be there. */
  refuteEnqueued(match?: JobMatch<keyof Kinds & string>): Promise<void>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * A queue to test one's own jobs with: in memory, on a clock that stands still, without jitter (`random` is 0.5), and
 * with everything kept that finished.
 *
 * @example
 * ```ts
 * import { testQueue } from 'holdfast/testing'
 *
 * const { queue, perform, advance, assertEnqueued, close } = testQueue({
 *   handlers: {
 *     order: async (id: number): Promise<void> => {
 *       await queue.enqueue('mail', { order: id }, { delayMs: 60_000 })
 *     },
 *     mail: async (letter: { order: number }) => `sent ${letter.order}`,
 *   },
 * })
 * const { id } = await queue.enqueue('order', 7)
 * console.log((await perform(id)).outcome) // completed
 * const mail = await assertEnqueued({ kind: 'mail', payload: { order: 7 } })
 * await advance(60_000)
 * console.log(await queue.result(mail.id)) // sent 7
 * await close()
 * ```
 */
export function testQueue<const T extends Tasks>(
  options: TestQueueOptions & { readonly tasks: T; readonly handlers?: HandlersOf<T> },
): TestQueue<KindsOfTasks<T>>
export function testQueue<const H extends Handlers>(
  options: TestQueueOptions & { readonly tasks?: undefined; readonly handlers: H },
): TestQueue<KindsOfHandlers<H>>
export function testQueue(options: TestQueueOptions & Pick<LooseOptions, 'tasks' | 'handlers'>): unknown {
  const {
    clock = manualClock(),
    store = memoryStore(),
    random = () => 0.5,
    name = 'test',
    ...given
  } = options
  const wired: WorkerOptions[] = []
  const platform: Platform = { ...place, observe: (_, worker) => wired.push(worker) }
  const { retention = forever } = given
  const queue = openQueue({ ...given, name, store, clock, random, retention, [platformKey]: platform })
  const warnings: QueueEvents['warning'][] = []
  queue.on('warning', (warning) => warnings.push(warning))
  const run = async (which: string | { readonly kind: string }): Promise<Performed> => {
    const [worker] = wired
    if (worker === undefined) throw new TypeError('Cannot perform a job: the queue was not wired')
    return perform(worker, which)
  }
  return { queue, clock, warnings, ...tools(queue, clock, run) }
}

/** What finished is kept, for the test to look at. */
const forever = { finishedMs: Number.POSITIVE_INFINITY, finishedCount: Number.POSITIVE_INFINITY }

/** Ids that no two queues of this process share. */
let minted = 0

/** Neither locks nor visibility: what a test sees depends on nothing around it. */
const place: Platform = {
  locks: undefined,
  mint: () => {
    minted += 1
    return `test-${minted}`
  },
  isHidden: () => false,
}

function tools(
  queue: Queue,
  clock: ManualClock,
  run: (which: string | { readonly kind: string }) => Promise<Performed>,
): Omit<TestQueue, 'queue' | 'clock' | 'warnings'> {
  const enqueued = async (match: JobMatch = {}): Promise<readonly EnqueuedJob[]> => {
    const { jobs } = await queue.list({ limit: Number.POSITIVE_INFINITY })
    const all = await Promise.all(jobs.map(async (job) => ({ ...job, payload: await queue.payload(job.id) })))
    return all.filter((job) => isMeant(job, match))
  }
  const passing = (until: (passed: Passed) => number | undefined): Promise<Passed> =>
    letPass(queue, clock, until)

  return {
    perform: run,
    drain: () => queue.drain(),
    async advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`Cannot advance: ms is ${ms}, expected 0 or more milliseconds`)
      const end = clock.monotonic() + ms
      return passing(({ nextAt }) => {
        const left = end - clock.monotonic()
        return left === 0 ? undefined : Math.min(left, untilNext(nextAt, clock))
      })
    },
    async settle({ withinMs = 30 * 86_400_000 } = {}) {
      const end = clock.monotonic() + withinMs
      const passed = await passing(({ nextAt }) => {
        const ms = untilNext(nextAt, clock)
        return clock.monotonic() + ms > end ? undefined : ms
      })
      if (passed.nextAt === undefined) return passed
      const left = (await enqueued()).filter(({ state }) => state === 'pending' || state === 'running')
      throw new Error(
        `Cannot settle: after ${withinMs} ms there are still these jobs:\n${describeJobs(left)}`,
      )
    },
    enqueued,
    async assertEnqueued(match = {}) {
      const [first] = await enqueued(match)
      if (first !== undefined) return first
      throw new Error(
        `Expected an enqueued job (${describe(match)}), there are:\n${describeJobs(await enqueued())}`,
      )
    },
    async refuteEnqueued(match = {}) {
      const found = await enqueued(match)
      if (found.length === 0) return
      throw new Error(`Expected no enqueued job (${describe(match)}), there are:\n${describeJobs(found)}`)
    },
    close: () => queue.close(),
    [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]: () => queue.close(),
  } as Omit<TestQueue, 'queue' | 'clock' | 'warnings'>
}

/** Drains, and lets time pass from one instant to the next, until no more is to pass. */
async function letPass(
  queue: Queue,
  clock: ManualClock,
  until: (passed: Passed) => number | undefined,
): Promise<Passed> {
  let [completed, failed, dead] = [0, 0, 0]
  for (;;) {
    const drained = await queue.drain()
    completed += drained.completed
    failed += drained.failed
    dead += drained.dead
    const passed = { ...drained, completed, failed, dead }
    const ms = until(passed)
    if (ms === undefined)
      return { completed, failed, dead, remaining: passed.remaining, nextAt: passed.nextAt }
    clock.advance(ms)
  }
}

/** At least a millisecond: what is due and was not run is not due again. */
function untilNext(nextAt: number | undefined, clock: ManualClock): number {
  return nextAt === undefined ? Number.POSITIVE_INFINITY : Math.max(1, nextAt - clock.now())
}
