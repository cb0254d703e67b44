import { nameOf } from '../failures.ts'
import type { Connection } from './open.ts'
import type { StoreName } from './schema.ts'

/**
 * One transaction while it runs. Its requests are raw: a promise for each would cost microtasks, and reject unheard
 * when the transaction aborts.
 */
export interface Step {
  readonly transaction: IDBTransaction
  /** What is known of the log that the transaction sees. */
  readonly connection: Connection
  store(name: StoreName): IDBObjectStore
  /** Nothing more is asked for; saves the engine a wait for it. */
  commit(): void
  /** Gives up, unless it is being committed: the promise rejects with `reason`, unchanged. */
  abort(reason: unknown): void
  /** Has the next transaction open the connection again. */
  drop(): void
  /** Runs `then` once the request has answered well; what it throws aborts. */
  answered<T>(request: IDBRequest<T>, then: (result: T) => void): void
}

export interface OwnStep extends Step {
  /** Whether the transaction may be committed although no answer comes. */
  readonly committing: boolean
  /** Whether it was given up on this side. */
  readonly aborting: boolean
  /** Whether it was given up because the page went away. */
  readonly isSuspended: boolean
  /** Gives up, unless it is being committed. Why is told when the page is back: before, nothing new is to begin. */
  readonly suspend: () => void
  readonly guarded: (run: () => void) => void
}

export function createStep(
  { transaction, connection, drop }: Pick<Step, 'transaction' | 'connection' | 'drop'>,
  reject: (reason: unknown) => void,
): OwnStep {
  let committing = false
  let aborting = false
  let isSuspended = false
  const giveUp = () => {
    aborting = true
    try {
      transaction.abort()
    } catch (error) {
      // It is being committed, or over, which work that was joined may not have heard.
      if (nameOf(error) !== 'InvalidStateError') throw error
    }
  }
  const abort = (reason: unknown) => {
    // First: the errors of the requests that abort() cancels are not why.
    reject(reason)
    giveUp()
  }
  const guarded = (run: () => void) => {
    try {
      run()
    } catch (error) {
      abort(error)
    }
  }
  return {
    ...{ transaction, connection, drop },
    get committing() {
      return committing
    },
    get aborting() {
      return aborting
    },
    get isSuspended() {
      return isSuspended
    },
    suspend() {
      if (committing) return
      isSuspended = true
      giveUp()
    },
    guarded,
    abort,
    store: (name) => transaction.objectStore(connection.prefix + name),
    commit() {
      committing = transaction.mode === 'readwrite'
      transaction.commit()
    },
    answered(request, then) {
      request.onsuccess = () => guarded(() => then(request.result))
    },
  }
}
