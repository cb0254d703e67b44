import { isQueueError, QueueError } from '../errors.ts'
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
    get identity() {
      return store.identity
    },
    get maxEntryBytes() {
      return store.maxEntryBytes
    },
    get exclusive() {
      return store.exclusive
    },
    get durable() {
      return store.durable
    },
    get sharesLocks() {
      return store.sharesLocks ?? true
    },
    load,
    read: (after) => store.read(after),
    commit: (after, decide, options) => store.commit(after, decide, options),
    payload: (id) => store.payload(id),
    checkpoint: (through, pages) => store.checkpoint(through, pages),
    subscribe: (listener) => store.subscribe(listener),
    leave: (worker) => store.leave(worker),
    async estimate() {
      if (store.estimate) return store.estimate()
      throw new QueueError('store-unavailable', 'Cannot estimate how full the store is: it does not tell')
    },
    destroy: () => store.destroy(),
    close: () => store.close(),
  }
}
