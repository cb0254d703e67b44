import { expectCount, payloads } from '../jobs.ts'
import { fill, openOurs, settledOnDisk } from '../ours.ts'
import { addAll, openRaw, resultOf, type Row } from '../raw.ts'
import { type PageWork, scaled } from './work.ts'

/** From nothing but what is on the disk to the first call of a handler. */
export const cold: PageWork = {
  id: 'P5',
  title: 'cold start with 10 000 pending',
  unit: 'ms',
  targets: [{ ours: 'holdfast, to the first handler', peer: 'raw getAll', is: '<=', target: 0.3 }],
  contestants: [
    { name: 'holdfast, to the first handler', run: (scale) => ours(scaled(10_000, scale)) },
    { name: 'raw getAll', run: (scale) => raw(scaled(10_000, scale)) },
  ],
}

export async function ours(count: number): Promise<number> {
  const before = openOurs({ durability: 'relaxed' })
  const { name } = before
  await fill(before, payloads(count))
  await settledOnDisk(name)
  await before.close()
  let started: ((at: number) => void) | undefined
  const start = new Promise<number>((resolve) => {
    started = resolve
  })
  const startedAt = performance.now()
  const queue = openOurs({ name, run: () => started?.(performance.now()) })
  try {
    await queue.start()
    const taken = (await start) - startedAt
    await queue.drain()
    const { counts } = await queue.info()
    expectCount('jobs left', counts.pending + counts.running + counts.dead, 0)
    return taken
  } finally {
    await queue.destroy({ force: true })
  }
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
