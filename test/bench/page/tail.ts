import { resultOf } from './raw.ts'

/** For machines that do other things besides. */
const patienceMs = 60_000

/** What each entry counts beside its events, and how often a checkpoint is due before it is written without a pause. */
const entryWeight = 4
const timesDue = 8

/** How often a checkpoint was due while so many jobs were taken in, by so many, and how much came after the last. */
function dueAfter(count: number, chunk: number, live = 0): { readonly times: number; readonly tail: number } {
  let times = 0
  let tail = 0
  for (let all = live; all < count; ) {
    const taken = Math.min(chunk, count - all)
    all += taken
    tail += taken + entryWeight
    if (tail <= Math.max(1_000, all / 4)) continue
    times += 1
    tail = 0
  }
  return { times, tail }
}

/** How many entries of a job each may lie behind the checkpoint, at so many jobs: one more has it written. */
export function longestTail(count: number): number {
  let entries = 0
  while (entries < count && dueAfter(count, 1, count - entries - 1).times < timesDue) entries += 1
  return entries
}

/** Whether the last of so many jobs, taken in by so many, is in the checkpoint as well, once there was a pause. */
export function endsFolded(count: number, chunk: number): boolean {
  const { times, tail } = dueAfter(count, chunk)
  return times > 0 && tail === 0
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

/** By one context: of what came too late for several it would count each. */
async function tailOf(database: IDBDatabase): Promise<number> {
  const transaction = database.transaction(['log', 'meta'])
  const mark: unknown = await resultOf(transaction.objectStore('meta').get('mark'))
  return resultOf(transaction.objectStore('log').count(IDBKeyRange.lowerBound(mark, true)))
}
