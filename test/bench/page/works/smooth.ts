import { createCensus, payloads } from '../jobs.ts'
import { expectWaiting, withOurs } from '../ours.ts'
import { type PageWork, scaled } from './work.ts'

/** How long the page could do nothing else. */
export const smooth: PageWork = {
  id: 'P10',
  title: 'longest task while 10 000 jobs go through',
  unit: 'ms',
  targets: [
    { ours: 'enqueueAll, then drained', is: '<=', target: 50 },
    { ours: 'drained alone', is: '<=', target: 50 },
  ],
  contestants: [
    { name: 'enqueueAll, then drained', run: (scale) => through(scaled(10_000, scale), true) },
    { name: 'drained alone', run: (scale) => through(scaled(10_000, scale), false) },
    { name: 'nothing at all, as long', run: () => nothing() },
  ],
}

async function through(count: number, withEnqueues: boolean): Promise<number> {
  const census = createCensus(count)
  return withOurs({ run: census.run }, async (queue) => {
    const items = payloads(count).map((payload) => ({ kind: 'work', payload }) as const)
    await queue.info()
    if (!withEnqueues) await queue.enqueueAll(items)
    const longest = watchTasks()
    if (withEnqueues) await queue.enqueueAll(items)
    await queue.drain()
    const ms = await longest()
    census.check(count)
    await expectWaiting(queue, 0)
    return ms
  })
}

async function nothing(): Promise<number> {
  const longest = watchTasks()
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  return longest()
}

/**
 * Passes messages to itself: the longest time between two is the longest that anything else waits. It sees what
 * `longtask` sees, in every engine, and below 50 ms as well; other programs on the machine show, too.
 */
function watchTasks(): () => Promise<number> {
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
