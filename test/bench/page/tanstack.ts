import { createCollection, localOnlyCollectionOptions } from '@tanstack/db'
import { IndexedDBAdapter, type OnlineDetector, startOfflineExecutor } from '@tanstack/offline-transactions'
import { expectCount, freshName, type Payload } from './jobs.ts'

interface Item extends Payload {
  readonly id: string
}

/** An outbox of transactions, one insert in each. */
export interface TanStack {
  /** Commits one for each while offline; resolves once all are stored. */
  enqueue(given: readonly Payload[]): Promise<void>
  /** Goes online; resolves once all are done. */
  drain(): Promise<void>
  /** @throws Error unless so many are kept. */
  expect(count: number): Promise<void>
}

export async function withTanStack<T>(
  run: (payload: Payload) => void,
  work: (outbox: TanStack) => Promise<T>,
): Promise<T> {
  const name = freshName()
  const items = createCollection(
    localOnlyCollectionOptions<Item, string>({ id: name, getKey: ({ id }) => id }),
  )
  const adapter = new IndexedDBAdapter(name, 'transactions')
  let stored = 0
  let onStored = (_count: number): void => undefined
  const line = createLine()
  const executor = startOfflineExecutor({
    collections: { items },
    storage: {
      get: (key) => adapter.get(key),
      delete: (key) => adapter.delete(key),
      keys: () => adapter.keys(),
      clear: () => adapter.clear(),
      async set(key, value) {
        await adapter.set(key, value)
        stored += 1
        onStored(stored)
      },
    },
    mutationFns: {
      work: async ({ transaction }) => {
        for (const { modified } of transaction.mutations) run(modified as unknown as Item)
      },
    },
    onlineDetector: line,
  })
  await executor.waitForInit()
  const committed: Promise<unknown>[] = []
  try {
    return await work({
      async enqueue(given) {
        const all = new Promise<void>((resolve) => {
          onStored = (count) => count === given.length && resolve()
        })
        for (const payload of given) {
          const tx = executor.createOfflineTransaction({ mutationFnName: 'work', autoCommit: false })
          tx.mutate(() => void items.insert({ ...payload, id: `${name}-${payload.number}` }))
          committed.push(tx.commit())
        }
        await all
      },
      async drain() {
        line.notifyOnline()
        await Promise.all(committed)
      },
      expect: async (count) => expectCount('transactions', (await executor.peekOutbox()).length, count),
    })
  } finally {
    executor.dispose()
    // It keeps its connection, which would hold a deletion of the database up.
    await adapter.clear()
  }
}

/** Offline until it is told. */
function createLine(): OnlineDetector {
  const listeners = new Set<() => void>()
  let isOnline = false
  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    notifyOnline() {
      isOnline = true
      for (const listener of listeners) listener()
    },
    isOnline: () => isOnline,
    dispose: () => listeners.clear(),
  }
}
