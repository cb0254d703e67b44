import { Dexie, type Table } from 'dexie'
import { freshName, type Payload } from './jobs.ts'
import { type Row, rowOf } from './raw.ts'

/** A table of jobs, with the index that a queue needs to find what is due, or without. */
export interface DexieJobs {
  readonly database: Dexie
  readonly jobs: Table<Row, number>
}

export async function withDexie<T>(indexed: boolean, work: (opened: DexieJobs) => Promise<T>): Promise<T> {
  const database = new Dexie(freshName(), { chromeTransactionDurability: 'relaxed' })
  database.version(1).stores({ jobs: indexed ? '++id, [state+availableAt]' : '++id' })
  await database.open()
  try {
    return await work({ database, jobs: database.table<Row, number>('jobs') })
  } finally {
    await database.delete()
  }
}

export async function dexieAddEach({ jobs }: DexieJobs, given: readonly Payload[]): Promise<void> {
  for (const payload of given) await jobs.add(rowOf(payload))
}

export function dexieAddAll({ jobs }: DexieJobs, given: readonly Payload[]): Promise<unknown> {
  return jobs.bulkAdd(given.map(rowOf))
}

/** One transaction completes a batch and claims the next, as in the raw form. */
export async function dexieDrain(
  { database, jobs }: DexieJobs,
  batch: number,
  run: (payload: Payload) => void,
): Promise<void> {
  let claimed: Row[] = []
  do {
    const done = claimed.map(({ id }) => id ?? 0)
    claimed = await database.transaction('rw', jobs, async () => {
      if (done.length > 0) await jobs.bulkDelete(done)
      const due = jobs.where('[state+availableAt]').between([0, 0], [0, Date.now()], true, true)
      const next = await due.limit(batch).toArray()
      await jobs.bulkPut(next.map((row) => ({ ...row, state: 1, attempt: row.attempt + 1 })))
      return next
    })
    await Promise.all(claimed.map(async ({ payload }) => run(payload)))
  } while (claimed.length > 0)
}
