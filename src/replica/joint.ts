import { isQueueError, QueueError } from '../errors.ts'
import type { Decide, Joined, Position, Store } from '../store/contract.ts'

/** Work that is joined to a commit, and what became of it. */
export interface Joint {
  /** What the store is given. */
  readonly joined: Joined
  /** Whether the work was begun: it is not done twice. */
  readonly isSpent: boolean
  /** What the work threw: whatever it is, it is the caller's. */
  readonly thrown: { readonly error: unknown } | undefined
}

export function createJoint(given: Joined): Joint {
  let isSpent = false
  let thrown: Joint['thrown']
  const work: Joined['work'] = async (transaction) => {
    isSpent = true
    try {
      await given.work(transaction)
    } catch (error) {
      thrown = { error }
      throw error
    }
  }
  return {
    joined: { ...given, work },
    get isSpent() {
      return isSpent
    },
    get thrown() {
      return thrown
    },
  }
}

/** @throws TypeError where the application's data is not in the store. */
export function join(
  store: Store,
  after: Position,
  decide: Decide,
  joined: Joined,
): Promise<number | undefined> {
  if (store.join) return store.join(after, decide, joined)
  const why =
    "the application's data is not in it; keep the queue in its database, with indexedDbStore({ db })"
  throw new TypeError(`Cannot transact in the store ${store.identity}: ${why}`)
}

/** An error whose outcome was in doubt until the log was read: nothing was kept. */
export function settledError(error: unknown): unknown {
  if (!isQueueError(error) || !error.uncertain) return error
  const lost = 'Cannot commit: the transaction was lost, and nothing of it was kept'
  return new QueueError('store-failed', lost, { cause: error })
}

/** Whether nothing will work any more: the log is of a newer version, or not readable. */
export function isFinal(error: unknown): error is QueueError {
  return isQueueError(error, 'version-ahead') || isQueueError(error, 'store-corrupt')
}
