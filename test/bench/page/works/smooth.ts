import { createCensus, payloads } from '../jobs.ts'
import { expectStored, fill, type Ours, withOurs } from '../ours.ts'
import { type PageWork, type Runner, scaled } from './work.ts'

/** How the jobs come in while the page is watched; absent: they are there before. */
type Enqueue = (queue: Ours, given: ReturnType<typeof payloads>) => Promise<unknown>

const forms = {
  'enqueueAll, then drained': fill,
  'Promise.all of enqueue, then drained': (queue, given) =>
    Promise.all(given.map((payload) => queue.enqueue('work', payload))),
  'drained alone': undefined,
} satisfies Readonly<Record<string, Enqueue | undefined>>

/** How long the page could do nothing else. */
export const smooth: PageWork = {
  id: 'P10',
  title: 'longest task while 10 000 jobs go through, 0 for none over 50; gaps between messages',
  unit: 'ms',
  targets: Object.keys(forms).map((ours) => ({ ours, is: '<=', target: 50 }) as const),
  contestants: [
    ...Object.entries<Enqueue | undefined>(forms).flatMap(([name, enqueue]): Runner[] => [
      { name, run: (scale) => through(scaled(10_000, scale), enqueue, watchTasks) },
      { name: `${name}: gap`, run: (scale) => through(scaled(10_000, scale), enqueue, watchGaps) },
    ]),
    { name: 'nothing at all, as long', run: () => nothing(watchTasks) },
    { name: 'nothing at all, as long: gap', run: () => nothing(watchGaps) },
  ],
}

async function through(count: number, enqueue: Enqueue | undefined, watch: Watch): Promise<number> {
  const census = createCensus(count)
  return withOurs({ run: census.run }, async (queue) => {
    const given = payloads(count)
    await queue.info()
    if (!enqueue) await fill(queue, given)
    const longest = await begun(watch)
    await enqueue?.(queue, given)
    await queue.drain()
    const ms = await longest()
    census.check(count)
    await expectStored(queue, [])
    return ms
  })
}

async function nothing(watch: Watch): Promise<number> {
  const longest = await begun(watch)
  await pause(1_000)
  return longest()
}

/** Watches from now on. Returns what ends it, and resolves to the milliseconds that the longest took. */
type Watch = () => () => Promise<number>

/** In a task of its own: what the bench did in the one before is none of it. */
async function begun(watch: Watch): Promise<() => Promise<number>> {
  await pause(0)
  const longest = watch()
  await pause(0)
  return longest
}

/** As the browser counts; where it does not, by the gaps. */
function watchTasks(): () => Promise<number> {
  if (!PerformanceObserver.supportedEntryTypes.includes('longtask')) return watchGaps()
  const since = performance.now()
  const seen: PerformanceEntry[] = []
  const observer = new PerformanceObserver((list) => seen.push(...list.getEntries()))
  observer.observe({ type: 'longtask' })
  return async () => {
    // The task that asks is over before it is told of.
    await pause(50)
    seen.push(...observer.takeRecords())
    observer.disconnect()
    return Math.max(0, ...seen.filter(({ startTime }) => startTime >= since).map(({ duration }) => duration))
  }
}

/**
 * Passes messages to itself: the longest time between two is the longest that anything else waits. It sees what
 * `longtask` sees, in every engine, and below 50 ms as well; other programs on the machine show, too.
 */
function watchGaps(): () => Promise<number> {
  const { port1, port2 } = new MessageChannel()
  let longest = 0
  let last = performance.now()
  let isOver = false
  let ended = (): void => undefined
  port1.onmessage = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (isOver) ended()
    else port2.postMessage(0)
  }
  port2.postMessage(0)
  return () =>
    new Promise((resolve) => {
      isOver = true
      ended = () => {
        port1.close()
        resolve(longest)
      }
    })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
