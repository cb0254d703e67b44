import { memoryStore } from 'holdfast'
import { createCensus, payloads, rate } from '../jobs.ts'
import { type RunInMemory, runFastq, runPQueue } from '../memory.ts'
import { inNewPage } from '../new-page.ts'
import { expectStored, withOurs } from '../ours.ts'
import { type PageWork, scaled } from './work.ts'

const concurrency = 100

/** Enqueue and run, with all that a queue does and they do not: leases, retries, results. */
export const inMemory: PageWork = {
  id: 'P8',
  title: 'in memory: enqueue and run tens of thousands, concurrency 100',
  unit: 'jobs/s',
  targets: [{ ours: 'holdfast, memoryStore', peer: 'p-queue', is: '>=', target: 0.5 }],
  // Rates are compared: the peers get more jobs, since what lasts some milliseconds only is chance.
  contestants: [
    ...inNewPage('P8', { name: 'holdfast, memoryStore', run: (scale) => ours(scaled(20_000, scale)) }),
    { name: 'p-queue', run: (scale) => peer(runPQueue, scaled(50_000, scale)) },
    { name: 'fastq', run: (scale) => peer(runFastq, scaled(50_000, scale)) },
  ],
}

function ours(count: number): Promise<number> {
  const census = createCensus(count)
  const store = memoryStore()
  return withOurs({ store, concurrency, run: census.run }, async (queue) => {
    const given = payloads(count)
    await queue.start()
    const figure = await rate(count, async () => {
      await Promise.all(given.map((payload) => queue.enqueue('work', payload)))
      await queue.drain()
    })
    census.check(count)
    await expectStored(queue, [], store)
    return figure
  })
}

async function peer(run: RunInMemory, count: number): Promise<number> {
  const census = createCensus(count)
  const given = payloads(count)
  const figure = await rate(count, () => run(given, concurrency, census.run))
  census.check(count)
  return figure
}
