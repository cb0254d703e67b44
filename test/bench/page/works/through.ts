import { expectCount, payloads } from '../jobs.ts'
import { openOurs, type Ours } from '../ours.ts'
import { type Records, recordsOf, usage } from './records.ts'
import { type PageWork, scaled } from './work.ts'

/** What is live all the while: so many jobs wait for tomorrow, and as many that finished are kept. */
const live = 1_000
const tomorrowMs = 86_400_000
const step = 1_000

/**
 * The log is cut where a checkpoint was due the fourth time before, and grows on until it was due eight times more, which
 * it is after so many events.
 */
const intervals = 12
const intervalEvents = 1_000

/**
 * What the origin may use more than before: kilobytes. Live records and the log are two thousand of it; the rest is
 * what engines put off to tidy up. A million jobs write several hundred thousand.
 */
const mostUsed = 16_000

const amounts = [10_000, 100_000, 1_000_000]

interface Through {
  readonly queue: Ours
  /** Bytes of what is live, in a queue through which nothing else went. */
  readonly liveBytes: number
  /** What the origin used before. */
  readonly usedBefore: number
  count: number
}

let held: Through | undefined

/** What a queue keeps of the jobs that went through it: what is live, and a log that is bounded. */
export const through: readonly PageWork[] = [
  {
    id: 'G11 excess',
    title: 'records beyond what is live, as a share of what the log may weigh, by jobs gone through',
    unit: 'share',
    targets: amounts.map((count) => ({ ours: nameOf(count), is: '<=', target: 1 })),
    contestants: amounts.map((count) => ({
      name: nameOf(count),
      run: (scale) => excess(scaled(count, scale)),
    })),
  },
  {
    id: 'G11 log',
    title: 'events in the log, by jobs gone through',
    unit: 'events',
    targets: [],
    contestants: amounts.map((count) => ({
      name: nameOf(count),
      run: async (scale) => (await recordsAfter(scaled(count, scale))).events,
    })),
  },
  {
    id: 'G11 estimate',
    title: 'storage.estimate() beyond what it was before, by jobs gone through',
    unit: 'kB',
    targets: amounts.map((count) => ({ ours: nameOf(count), is: '<=', target: mostUsed })),
    contestants: amounts.map((count) => ({
      name: nameOf(count),
      run: async (scale) => {
        const { usedBefore } = await after(scaled(count, scale))
        return ((await usage()) - usedBefore) / 1_000
      },
    })),
  },
]

function nameOf(count: number): string {
  return count.toLocaleString('en').replaceAll(',', ' ')
}

/** As a share of the most that the log may weigh: whatever a queue keeps of jobs that are gone would show here. */
async function excess(count: number): Promise<number> {
  const { liveBytes } = await after(count)
  const { events, largest, logBytes, otherBytes } = await recordsAfter(count)
  const most = intervals * (intervalEvents + largest) * (logBytes / events)
  return (logBytes + otherBytes - liveBytes) / most
}

async function recordsAfter(count: number): Promise<Records> {
  const { queue } = await after(count)
  return recordsOf(queue.name)
}

/** The queue, once so many jobs went through it: the one there is, if no more did. */
async function after(count: number): Promise<Through> {
  if (held !== undefined && held.count > count) await letThroughGo()
  held ??= await begin()
  const { queue } = held
  while (held.count < count) {
    const jobs = Math.min(step, count - held.count)
    await pass(queue, jobs)
    held.count += jobs
  }
  const { counts } = await queue.info()
  expectCount('jobs that wait', counts.pending, live)
  return held
}

async function begin(): Promise<Through> {
  const usedBefore = await usage()
  const small = await open()
  // As many again, so that what finished is in its checkpoint.
  for (let times = 0; times < 2; times += 1) await pass(small, live)
  const { otherBytes } = await recordsOf(small.name)
  await small.destroy({ force: true })
  return { queue: await open(), liveBytes: otherBytes, usedBefore, count: 0 }
}

async function open(): Promise<Ours> {
  const queue = openOurs({ durability: 'relaxed' })
  await queue.enqueueAll(
    payloads(live).map((payload) => ({ kind: 'work', payload, delayMs: tomorrowMs }) as const),
  )
  return queue
}

async function pass(queue: Ours, count: number): Promise<void> {
  await queue.enqueueAll(payloads(count).map((payload) => ({ kind: 'work', payload }) as const))
  const { completed } = await queue.drain()
  expectCount('completed', completed, count)
}

export async function letThroughGo(): Promise<void> {
  await held?.queue.destroy({ force: true })
  held = undefined
}
