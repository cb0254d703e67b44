import { QueueError } from '../../errors.ts'
import { corruptStore, nameOf } from '../failures.ts'
import { whenSuspended } from './freeze.ts'
import type { Link } from './link.ts'
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
  /** Everything asked for has answered well; saves the engine a wait for more. */
  commit(): void
  /** Gives up: the promise rejects with `reason`, unchanged. */
  abort(reason: unknown): void
  /** Has the next transaction open the connection again. */
  drop(): void
  /** Runs `then` once the request has answered well; what it throws aborts. */
  answered<T>(request: IDBRequest<T>, then: (result: T) => void): void
}

export interface TransactionOptions {
  readonly stores: readonly StoreName[]
  readonly mode: 'readonly' | 'readwrite'
  readonly durability?: 'strict' | 'relaxed'
  /** Object stores of the application, which has its own way with errors of their requests. */
  readonly also?: readonly string[]
}

/** Runs one transaction of a store. */
export type Run = <T>(options: TransactionOptions, work: (step: Step) => () => T) => Promise<T>

const maxTries = 4
/** What a read rejects with that is to be made again. */
export const suspended: unique symbol = Symbol('the page went away while it read')
const cutOff = Symbol('the connection was lost while it read')

/**
 * How the store of this link runs a transaction. `work` makes the first requests, and returns a function that gives
 * the answer once the transaction is complete.
 *
 * Where the connection turns out to be dead before anything was sent, another is opened. Reading again changes nothing,
 * so what was read while the page went away is read again when it is back, and once more where the connection was cut.
 */
export function createRun(link: Link, identity: string): Run {
  return async (options, work) => {
    let tries = 0
    let readsAgain = true
    for (;;) {
      // No await where there is a connection: a page that is going away has no later.
      const connection = link.current ?? (await link.open())
      const drop = () => link.drop(connection)
      const answer = runOn({ connection, identity, drop, readsAgain }, options, work)
      if (answer === undefined) {
        drop()
        tries += 1
        if (tries === maxTries) throw unavailable(identity)
        continue
      }
      try {
        return await answer
      } catch (error) {
        if (error === cutOff) readsAgain = false
        else if (error !== suspended) throw error
      }
    }
  }
}

/** A connection to run transactions on, and what lets go of it. */
export interface Ground extends Pick<Step, 'connection' | 'drop'> {
  readonly identity: string
  /** A read that is cut off is to be made again. */
  readonly readsAgain?: boolean
}

/**
 * Runs one transaction on this connection; `undefined` when it is dead, and nothing was sent. Rejects with `suspended`
 * where the page went away while it read.
 */
export function runOn<T>(
  ground: Ground,
  options: TransactionOptions,
  work: (step: Step) => () => T,
): Promise<T> | undefined {
  const transaction = begin(ground, options)
  if (transaction === undefined) return undefined
  return settled({ ...ground, transaction, isJoined: options.also !== undefined }, work)
}

/** `undefined` on a dead connection. */
function begin({ connection, identity }: Ground, options: TransactionOptions): IDBTransaction | undefined {
  const { stores, mode, durability = 'relaxed', also = [] } = options
  const { db, prefix } = connection
  const unknown = also.find((name) => !db.objectStoreNames.contains(name))
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot transact over "${unknown}": the database "${db.name}" has no such object store`,
    )
  }
  try {
    return db.transaction([...also, ...stores.map((name) => prefix + name)], mode, { durability })
  } catch (cause) {
    if (nameOf(cause) === 'InvalidStateError') return undefined
    throw failure(identity, cause, false)
  }
}

interface Begun extends Ground {
  readonly transaction: IDBTransaction
  readonly isJoined: boolean
}

/** Resolves on `complete`, never before; rejects on `error`, on `abort`, and when the connection is cut. */
function settled<T>(begun: Begun, work: (step: Step) => () => T): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const { transaction, identity, isJoined } = begun
    const isRead = transaction.mode === 'readonly'
    const { onCut } = begun.connection
    const step = createStep(begun, reject)
    const fail = (cause: unknown) => reject(failure(identity, cause, step.committing))
    const cut = () => {
      if (isRead && begun.readsAgain) reject(cutOff)
      fail(new DOMException('The connection was lost', 'AbortError'))
    }
    onCut.add(cut)
    const stopListening = whenSuspended(step.suspend)
    const over = () => {
      onCut.delete(cut)
      stopListening()
    }
    // Listeners, not handlers: Dexie sets those of a transaction that it is lent.
    transaction.addEventListener('error', ({ target }) => {
      const cause = target instanceof IDBRequest ? target.error : transaction.error
      // A request of a transaction that is being aborted: why, the abort event will tell.
      if (!isJoined && nameOf(cause) !== 'AbortError') fail(cause)
    })
    transaction.addEventListener('abort', () => {
      over()
      if (step.isSuspended && isRead) reject(suspended)
      const isAsked = step.aborting || isJoined
      // Neither asked for nor for want of room: the connection is closing, or not worth trusting with the next call.
      if (!isAsked && nameOf(transaction.error) !== 'QuotaExceededError') {
        begun.drop()
        if (isRead && begun.readsAgain) reject(cutOff)
      }
      fail(transaction.error)
    })
    step.guarded(() => {
      const answer = work(step)
      transaction.addEventListener('complete', () => {
        over()
        begun.connection.isProven = true
        try {
          resolve(answer())
        } catch (error) {
          reject(error)
        }
      })
    })
  })
}

interface OwnStep extends Step {
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

function createStep({ transaction, connection, drop }: Begun, reject: (reason: unknown) => void): OwnStep {
  let committing = false
  let aborting = false
  let isSuspended = false
  const giveUp = () => {
    aborting = true
    try {
      transaction.abort()
    } catch (error) {
      // It is over, which work that was joined may not have heard.
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

function failure(identity: string, cause: unknown, uncertain: boolean): QueueError {
  if (nameOf(cause) === 'QuotaExceededError') {
    return new QueueError('quota-exceeded', `Cannot write to the store ${identity}: the origin is full`, {
      cause,
    })
  }
  // Chromium keeps large values in files of their own: one of them is gone.
  if (nameOf(cause) === 'NotReadableError') return corruptStore(identity, 'a record is lost', cause)
  const what = uncertain ? 'the transaction was not answered' : 'the transaction failed'
  return new QueueError('store-failed', `Cannot use the store ${identity}: ${what}`, { cause, uncertain })
}

function unavailable(identity: string): QueueError {
  const why = `the connection was dead ${maxTries} times in a row`
  return new QueueError('store-unavailable', `Cannot open the store ${identity}: ${why}`)
}
