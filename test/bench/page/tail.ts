import { resultOf } from './raw.ts'

/** For machines that do other things besides. */
const patienceMs = 60_000

/** How many events may lie behind the checkpoint with so many jobs live: one more has it written. */
export function longestTail(live: number): number {
  return Math.max(1_000, Math.floor(live / 4))
}

/** Whether the last of so many jobs, taken in by so many, is in the checkpoint as well. */
export function endsFolded(count: number, chunk: number): boolean {
  let tail = 0
  for (let live = 0; live < count; ) {
    const taken = Math.min(chunk, count - live)
    live += taken
    tail = tail + taken > longestTail(live) ? 0 : tail + taken
  }
  return count > 0 && tail === 0
}

/** How many entries of a log in IndexedDB the next visit has to read besides its checkpoint. */
export async function entriesBehind(name: string): Promise<number> {
  const database = await resultOf(indexedDB.open(`holdfast:${name}`))
  try {
    return await tailOf(database)
  } finally {
    database.close()
  }
}

/**
 * Waits until a log in IndexedDB is in its checkpoint, as it would be by the next visit.
 *
 * @throws Error when it is not in time.
 */
export async function settledOnDisk(name: string): Promise<void> {
  const database = await resultOf(indexedDB.open(`holdfast:${name}`))
  const end = performance.now() + patienceMs
  try {
    for (let tail = await tailOf(database); tail > 0; tail = await tailOf(database)) {
      if (performance.now() > end) {
        throw new Error(`${tail} entries lie behind the checkpoint after ${patienceMs} ms`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  } finally {
    database.close()
  }
}

async function tailOf(database: IDBDatabase): Promise<number> {
  const transaction = database.transaction(['log', 'meta'])
  const mark: unknown = await resultOf(transaction.objectStore('meta').get('mark'))
  return resultOf(transaction.objectStore('log').count(IDBKeyRange.lowerBound(mark, true)))
}
