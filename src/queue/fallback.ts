import { isQueueError, QueueError } from '../errors.ts'
import type { Store } from '../store/contract.ts'

/**
 * A store that turns to `second` when the first cannot be opened at all; `durable` then tells. `onTurn` is called
 * before it does, and what it throws keeps it from turning.
 */
export function withFallback(first: Store, second: Store, onTurn: () => void): Store {
  let store = first
  let isChosen = false
  let isClosed = false
  let move = (): void => undefined
  const turn = (cause: unknown): void => {
    if (isChosen || isClosed || !isQueueError(cause, 'store-unavailable')) throw cause
    onTurn()
    store = second
    move()
  }
  /** For the calls that may be a handle's first. */
  const choosing = async <T>(call: (store: Store) => Promise<T>): Promise<T> => {
    try {
      const answer = await call(store)
      isChosen = true
      return answer
    } catch (error) {
      turn(error)
      isChosen = true
    }
    await first.close()
    return call(second)
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
    get assertStorable() {
      return store.assertStorable
    },
    load: () => choosing((chosen) => chosen.load()),
    read: (after) => store.read(after),
    commit: (after, decide, options) => store.commit(after, decide, options),
    get join() {
      return store.join
    },
    payload: (id) => store.payload(id),
    checkpoint: (...given) => store.checkpoint(...given),
    subscribe(listener) {
      const subscribed = (): (() => void) => store.subscribe(listener)
      let end = subscribed()
      move = () => {
        end()
        end = subscribed()
      }
      return () => end()
    },
    leave: (worker) => store.leave(worker),
    async estimate() {
      if (store.estimate) return store.estimate()
      throw new QueueError('store-unavailable', 'Cannot estimate how full the store is: it does not tell')
    },
    destroy: () => choosing((chosen) => chosen.destroy()),
    async close() {
      isClosed = true
      await store.close()
    },
  }
}
