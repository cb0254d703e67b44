import { QueueError } from '../../errors.ts'
import { nameOf } from '../failures.ts'
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
 * Where the connection turns out to be dead before anything was sent, another is opened; that is all that is retried.
 */
export function createRun(link: Link, identity: string): Run {
  return async (options, work) => {
    for (let tries = 1; ; tries += 1) {
      // No await where there is a connection: a page that is going away has no later.
      const connection = link.current ?? (await link.open())
      const transaction = begin(connection, options, identity)
      if (transaction !== undefined) {
        const engineAborted = () => link.drop(connection)
        return settled({ ...connection, transaction, identity, engineAborted }, work)
      }
      link.drop(connection)
      if (tries === maxTries) throw unavailable(identity)
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
    throw failure(identity, cause, false)
  }
}

interface Begun extends Pick<Connection, 'log' | 'onCut'> {
  readonly transaction: IDBTransaction
  readonly identity: string
  /** The engine aborted the transaction by itself. */
  readonly engineAborted: () => void
}

/** Resolves on `complete`, never before; rejects on `error`, on `abort`, and when the connection is cut. */
function settled<T>(
  { log, onCut, transaction, identity, engineAborted }: Begun,
  work: (step: Step) => () => T,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const step = createStep(transaction, log, reject)
    const fail = (cause: unknown) => reject(failure(identity, cause, step.committing))
    const cut = () => fail(new DOMException('The connection was lost', 'AbortError'))
    onCut.add(cut)
    transaction.onerror = ({ target }) => {
      const cause = target instanceof IDBRequest ? target.error : transaction.error
      // A request of a transaction that is being aborted: why, the abort event will tell.
      if (nameOf(cause) !== 'AbortError') fail(cause)
    }
    transaction.onabort = () => {
      onCut.delete(cut)
      fail(transaction.error)
      // Neither asked for nor for want of room: the connection is closing, or not worth trusting with the next call.
      if (!step.aborting && nameOf(transaction.error) !== 'QuotaExceededError') engineAborted()
    }
    step.guarded(() => {
      const answer = work(step)
      transaction.oncomplete = () => {
        onCut.delete(cut)
        try {
          resolve(answer())
        } catch (error) {
          reject(error)
        }
      }
    })
  })
}

interface OwnStep extends Step {
  /** Whether the transaction may be committed although no answer comes. */
  readonly committing: boolean
  /** Whether it was given up on this side. */
  readonly aborting: boolean
  readonly guarded: (run: () => void) => void
}

function createStep(transaction: IDBTransaction, log: string, reject: (reason: unknown) => void): OwnStep {
  let committing = false
  let aborting = false
  const abort = (reason: unknown) => {
    aborting = true
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
  return {
    log,
    get committing() {
      return committing
    },
    get aborting() {
      return aborting
    },
    guarded,
    abort,
    store: (name) => transaction.objectStore(name),
    commit() {
      committing = transaction.mode === 'readwrite'
      transaction.commit()
    },
    answered(request, then) {
      request.onsuccess = () => guarded(() => then(request.result))
    },
  }
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
