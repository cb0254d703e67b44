import { isQueueError } from '../errors.ts'
import type { Snapshot, Store } from '../store/contract.ts'

/** A store that turns to `second` when the first cannot be opened at all; `durable` then tells. */
export function withFallback(first: Store, second: Store): Store {
  let store = first
  let isChosen = false
  const load = async (): Promise<Snapshot> => {
    try {
      const snapshot = await store.load()
      isChosen = true
      return snapshot
    } catch (error) {
      if (isChosen || !isQueueError(error, 'store-unavailable')) throw error
      store = second
      isChosen = true
      return store.load()
    }
  }
  return {
    identity: first.identity,
    get maxEntryBytes() {
      return store.maxEntryBytes
    },
    get exclusive() {
      return store.exclusive
    },
    get durable() {
      return store.durable
    },
    load,
    read: (after) => store.read(after),
    commit: (after, decide, options) => store.commit(after, decide, options),
    payload: (id) => store.payload(id),
    checkpoint: (through, pages) => store.checkpoint(through, pages),
    subscribe: (listener) => store.subscribe(listener),
    leave: (worker) => store.leave(worker),
    estimate: async () => (await store.estimate?.()) ?? { usage: 0, quota: 0 },
    destroy: () => store.destroy(),
    close: () => store.close(),
  }
}
