import { createCensus, expectCount, type Payload, payloads } from '../jobs.ts'
import { inNewPage } from '../new-page.ts'
import { expectStored, fill, fillFolded, openOurs, withOurs } from '../ours.ts'
import { addAll, openRaw, resultOf, type Row } from '../raw.ts'
import { entriesBehind, longestTail } from '../tail.ts'
import { type PageWork, scaled } from './work.ts'

/** From nothing but what is on the disk to the first call of a handler. */
export const cold: PageWork = {
  id: 'P5',
  title: 'cold start with 10 000 pending',
  unit: 'ms',
  targets: [{ ours: 'holdfast, to the first handler', peer: 'raw getAll', is: '<=', target: 0.3 }],
  contestants: [
    ...inNewPage('P5', {
      name: 'holdfast, to the first handler',
      run: (scale) => ours(scaled(10_000, scale)),
    }),
    { name: 'holdfast, behind the longest tail', run: (scale) => behindTail(scaled(10_000, scale)) },
    { name: 'raw getAll', run: (scale) => raw(scaled(10_000, scale)) },
  ],
}

/** So many jobs in one entry are the least that have a checkpoint. */
const least = 1_001

/** All in the checkpoint: the best moment to come back at. */
async function ours(count: number): Promise<number> {
  const given = payloads(count)
  const before = openOurs({ durability: 'relaxed' })
  await fillFolded(before, given)
  await before.close()
  return comeBack(before.name, given)
}

/** The worst moment: as many entries as there can be behind the checkpoint, a job in each. */
async function behindTail(count: number, tries = 5): Promise<number> {
  const given = payloads(count)
  // The least that has a checkpoint at all, or none.
  const folded = count <= least ? 0 : Math.max(least, count - longestTail(count))
  const before = openOurs({ durability: 'relaxed' })
  await fillFolded(before, given.slice(0, folded))
  await fill(before, given.slice(folded), 1)
  await before.close()
  const behind = await entriesBehind(before.name)
  if (behind >= count - folded) return comeBack(before.name, given)
  // The browser paused, and the checkpoint was written in the pause.
  await openOurs({ name: before.name }).destroy({ force: true })
  if (tries > 1) return behindTail(count, tries - 1)
  throw new Error(`${behind} entries lie behind the checkpoint of ${count} jobs`)
}

/** Milliseconds to the first call of a handler. */
function comeBack(name: string, given: readonly Payload[]): Promise<number> {
  const census = createCensus(given.length)
  const first = Promise.withResolvers<number>()
  const run = (payload: Payload): void => {
    first.resolve(performance.now())
    census.run(payload)
  }
  const startedAt = performance.now()
  return withOurs({ name, run }, async (queue) => {
    await queue.start()
    const taken = (await first.promise) - startedAt
    await queue.drain()
    census.check(given.length)
    await expectStored(queue, [])
    return taken
  })
}

async function raw(count: number): Promise<number> {
  const options = { durability: 'relaxed', indexed: true } as const
  const before = await openRaw(options)
  await addAll(before, payloads(count))
  before.database.close()
  const startedAt = performance.now()
  const { database, name } = await openRaw(options, before.name)
  const rows = await resultOf<Row[]>(database.transaction('jobs').objectStore('jobs').getAll())
  const taken = performance.now() - startedAt
  database.close()
  await resultOf(indexedDB.deleteDatabase(name))
  expectCount('rows', rows.length, count)
  return taken
}
