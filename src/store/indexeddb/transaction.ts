import { QueueError } from '../../errors.ts'
import { corruptStore, nameOf } from '../failures.ts'
import { whenSuspended } from './freeze.ts'
import type { Link } from './link.ts'
import type { StoreName } from './schema.ts'
import { createStep, type OwnStep, type Step } from './step.ts'

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
  const { transaction, connection } = begun
  return new Promise<T>((resolve, reject) => {
    const step = createStep(begun, reject)
    const over = watchFailures(begun, step, reject)
    step.guarded(() => {
      const answer = work(step)
      transaction.addEventListener('complete', () => {
        over()
        connection.isProven = true
        try {
          resolve(answer())
        } catch (error) {
          reject(error)
        }
      })
    })
  })
}

/** Rejects with what becomes of the transaction. Returns what ends the watch over its page and connection. */
function watchFailures(begun: Begun, step: OwnStep, reject: (reason: unknown) => void): () => void {
  const { transaction, identity, isJoined, readsAgain } = begun
  const { onCut } = begun.connection
  const isRead = transaction.mode === 'readonly'
  const fail = (cause: unknown) => reject(failure(identity, cause, step.committing))
  const cut = () => {
    if (isRead && readsAgain) reject(cutOff)
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
      if (isRead && readsAgain) reject(cutOff)
    }
    fail(transaction.error)
  })
  return over
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
  const why = 'its connection is dead'
  return new QueueError('store-unavailable', `Cannot open the store ${identity}: ${why}`)
}
