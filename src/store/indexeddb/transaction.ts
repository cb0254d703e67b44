import { isQueueError, QueueError } from '../../errors.ts'
import { corruptStore, nameOf } from '../failures.ts'
import type { Link } from './link.ts'
import type { Connection } from './open.ts'
import type { StoreName } from './schema.ts'

/**
 * One transaction while it runs. Its requests are raw: a promise for each would cost microtasks, and reject unheard
 * when the transaction aborts.
 */
export interface Step {
  /** The id of the log that the transaction sees. */
  readonly log: string
  store(name: StoreName): IDBObjectStore
  /** Everything asked for has answered well; saves the engine a wait for more. */
  commit(): void
  /** Gives up: the promise rejects with `reason`, unchanged. */
  abort(reason: unknown): void
  /** Runs `then` once the request has answered well; what it throws aborts. */
  answered<T>(request: IDBRequest<T>, then: (result: T) => void): void
}

export interface TransactionOptions {
  readonly stores: readonly StoreName[]
  readonly mode: 'readonly' | 'readwrite'
  readonly durability?: 'strict' | 'relaxed'
}

/** Runs one transaction of a store. */
export type Run = <T>(options: TransactionOptions, work: (step: Step) => () => T) => Promise<T>

const maxTries = 4

/**
 * How the store of this link runs a transaction. `work` makes the first requests, and returns a function that gives
 * the answer once the transaction is complete.
 *
 * On a dead connection a transaction is run again on another, if nothing can have come of it.
 */
export function createRun(link: Link, identity: string): Run {
  return async (options, work) => {
    for (let tries = 1; ; tries += 1) {
      // No await where there is a connection: a page that is going away has no later.
      const connection = link.current ?? (await link.open())
      const transaction = begin(connection, options, identity)
      try {
        if (transaction !== undefined)
          return await settled(connection, transaction, options.mode, work, identity)
        link.drop(connection)
        if (tries === maxTries) throw unavailable(identity)
      } catch (error) {
        const cut =
          options.mode === 'readonly' && isQueueError(error, 'store-failed') && link.current !== connection
        if (!cut || tries === maxTries) throw error
      }
    }
  }
}

/** `undefined` on a dead connection. */
function begin(
  { db }: Connection,
  options: TransactionOptions,
  identity: string,
): IDBTransaction | undefined {
  const { stores, mode, durability = 'relaxed' } = options
  try {
    return db.transaction(stores, mode, { durability })
  } catch (cause) {
    if (nameOf(cause) === 'InvalidStateError') return undefined
    throw corruptStore(identity, 'its database is of another make', cause)
  }
}

function settled<T>(
  { log, onCut }: Connection,
  transaction: IDBTransaction,
  mode: 'readonly' | 'readwrite',
  work: (step: Step) => () => T,
  identity: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let committing = false
    let firstError: unknown
    const end = () => onCut.delete(cut)
    const fail = (cause: unknown) => {
      end()
      reject(failure(identity, cause, committing && mode === 'readwrite'))
    }
    const cut = () => fail(new DOMException('The connection was lost', 'AbortError'))
    const abort = (reason: unknown) => {
      end()
      // First: the errors of the requests that abort() cancels are not why.
      reject(reason)
      transaction.abort()
    }
    const guarded = (run: () => void) => {
      try {
        run()
      } catch (error) {
        abort(error)
      }
    }

    onCut.add(cut)
    transaction.onerror = ({ target }) => {
      firstError ??= target instanceof IDBRequest ? target.error : undefined
      fail(firstError)
    }
    transaction.onabort = () => fail(transaction.error ?? firstError)
    const step: Step = {
      log,
      store: (name) => transaction.objectStore(name),
      commit() {
        committing = true
        transaction.commit()
      },
      abort,
      answered(request, then) {
        request.onsuccess = () => guarded(() => then(request.result))
      },
    }
    guarded(() => {
      const answer = work(step)
      transaction.oncomplete = () => {
        end()
        try {
          resolve(answer())
        } catch (error) {
          reject(error)
        }
      }
    })
  })
}

function failure(identity: string, cause: unknown, uncertain: boolean): QueueError {
  if (nameOf(cause) === 'QuotaExceededError') {
    return new QueueError('quota-exceeded', `Cannot write to the store ${identity}: the origin is full`, {
      cause,
    })
  }
  const what = uncertain ? 'the transaction was not answered' : 'the transaction failed'
  return new QueueError('store-failed', `Cannot use the store ${identity}: ${what}`, { cause, uncertain })
}

function unavailable(identity: string): QueueError {
  const why = `the connection was dead ${maxTries} times in a row`
  return new QueueError('store-unavailable', `Cannot open the store ${identity}: ${why}`)
}
