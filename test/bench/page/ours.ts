import { createQueue, type CommonOptions, indexedDbStore, type Queue } from 'holdfast'
import { expectCount, freshName, type Payload } from './jobs.ts'
import { resultOf } from './raw.ts'

export type Kinds = { readonly work: { readonly payload: Payload; readonly result: undefined } }
export type Ours = Queue<Kinds>

export interface OpenOptions extends Omit<CommonOptions, 'name' | 'worker'> {
  readonly name?: string
  readonly concurrency?: number
  readonly run?: (payload: Payload) => void
}

/** A queue with a trivial handler; in IndexedDB unless told. */
export function openOurs({ name = freshName(), concurrency = 100, run, ...options }: OpenOptions): Ours {
  return createQueue({
    store: indexedDbStore(),
    ...options,
    name,
    worker: { concurrency },
    handlers: {
      work: async (payload: Payload) => {
        run?.(payload)
        return undefined
      },
    },
  })
}

/** Takes all in, in entries of so many as one call would bring. */
export async function fill(queue: Ours, given: readonly Payload[], chunk = 10_000): Promise<void> {
  for (let at = 0; at < given.length; at += chunk) {
    await queue.enqueueAll(given.slice(at, at + chunk).map((payload) => ({ kind: 'work', payload })))
  }
}

/** @throws Error unless so many wait, none runs and none is dead. */
export async function expectWaiting(queue: Ours, pending: number): Promise<void> {
  const { counts } = await queue.info()
  expectCount('pending jobs', counts.pending, pending)
  expectCount('running jobs', counts.running, 0)
  expectCount('dead jobs', counts.dead, 0)
}

/** Runs `work` on a queue of its own, which is erased afterwards. */
export async function withOurs<T>(options: OpenOptions, work: (queue: Ours) => Promise<T>): Promise<T> {
  const queue = openOurs(options)
  try {
    return await work(queue)
  } finally {
    await queue.destroy({ force: true })
  }
}

/** Waits until the log of a queue in IndexedDB is in its checkpoint, as it would be by the next visit. */
export async function settledOnDisk(name: string): Promise<void> {
  const request = indexedDB.open(`holdfast:${name}`)
  const database = await resultOf(request)
  const end = performance.now() + 5_000
  for (;;) {
    const transaction = database.transaction(['log', 'meta'])
    const mark = await resultOf(transaction.objectStore('meta').get('mark') as IDBRequest<number>)
    const after = IDBKeyRange.lowerBound(mark, true)
    if ((await resultOf(transaction.objectStore('log').count(after))) === 0 || performance.now() > end) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  database.close()
}
