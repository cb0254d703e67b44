import { openDB, unwrap } from 'idb'
import { isQueueError, QueueError } from '../../errors.ts'
import { corruptStore, nameOf } from '../failures.ts'
import { randomId } from '../random-id.ts'
import { createStores, type MetaKey, newReserve, type Schema, version } from './schema.ts'

/** An open connection, and what is known of its database for as long as it lives. */
export interface Connection {
  readonly db: IDBDatabase
  /** What the names of the queue's object stores begin with. */
  readonly prefix: string
  /** As last read: a database cannot be replaced under an open connection, only cleared where it is another's. */
  log: string
  /** What keys of the log are ahead of its sequences. */
  base: number
  /** Whether the reserve record is there, as far as this handle knows. */
  reserved: boolean
  /** Whether the browser dropped a damaged database when this connection was opened, and that made another. */
  readonly isLost?: boolean
  /** Whether a transaction on it was completed. */
  isProven: boolean
  /** Called when the browser cut the connection, for transactions that might wait for an answer for ever. */
  readonly onCut: Set<() => void>
  /** This handle has no more use for it. */
  release(): void
}

/** Chromium tells what became of the database before; the other engines do not. */
type MakingEvent = IDBVersionChangeEvent & { readonly dataLoss?: unknown }

/** Opens a connection, or fails; `gone` is called when it takes no more transactions. */
export type Opener = (gone: (db: IDBDatabase) => void, withReserve: boolean) => Promise<Connection>

const maxTries = 4
const firstPauseMs = 50

/** Opens; tries a bounded number of times. */
export async function openPatiently(
  identity: string,
  open: Opener,
  gone: (db: IDBDatabase) => void,
  stillWanted: () => boolean,
): Promise<Connection> {
  assertPresent(identity)
  let withReserve = true
  for (let tries = 1; ; tries += 1) {
    try {
      return await open(gone, withReserve)
    } catch (cause) {
      if (tries === maxTries || !stillWanted() || isFinal(cause)) throw openFailure(cause, identity)
      // A full origin may have room for the log, if not for the reserve.
      withReserve &&= nameOf(cause) !== 'QuotaExceededError'
    }
    // Chromium needs a moment after its storage process crashed.
    await new Promise((resolve) => setTimeout(resolve, firstPauseMs * 2 ** tries))
  }
}

/** Opens a queue's own database, and creates it when there is none. */
export async function openOwn(
  databaseName: string,
  identity: string,
  ...[gone, withReserve]: Parameters<Opener>
): Promise<Connection> {
  const onCut = new Set<() => void>()
  let isLost = false
  const db = await openDB<Schema>(databaseName, version, {
    upgrade(database, _from, _to, transaction, { dataLoss }: MakingEvent) {
      isLost = dataLoss === 'total'
      createStores(unwrap(database))
      // Raw requests: idb's promises of an aborted upgrade would reject with nobody to hear them. The open request
      // rejects too, and that is heard.
      transaction.done.catch(() => undefined)
      const meta = unwrap(transaction).objectStore('meta')
      const put = (key: MetaKey, value: unknown) => meta.put(value, key)
      put('log', randomId())
      put('mark', 0)
      if (withReserve) put('reserve', newReserve())
    },
    // Another context erases the queue, or upgrades it: a connection kept open would hold it up for ever.
    blocking() {
      gone(unwrap(db))
      db.close()
    },
    terminated() {
      gone(unwrap(db))
      for (const cut of [...onCut]) cut()
    },
  })
  try {
    const { store, done } = db.transaction('meta')
    const [log, reserves] = await Promise.all([store.get('log'), store.count('reserve'), done])
    if (typeof log !== 'string') throw corruptStore(identity, 'its log has no id')
    const raw = unwrap(db)
    const known = { log, base: 0, reserved: reserves > 0, isLost, isProven: false }
    return { db: raw, prefix: '', ...known, onCut, release: () => raw.close() }
  } catch (error) {
    db.close()
    if (nameOf(error) === 'NotFoundError')
      throw corruptStore(identity, 'its database is of another make', error)
    throw error
  }
}

/** A newer version has the database: what this context held is released all the same. */
export async function leaveNewer(databaseName: string, worker: string): Promise<void> {
  const db = await openDB<Schema>(databaseName, undefined, {
    // It is gone meanwhile, and not to be made anew.
    upgrade(_db, _from, _to, transaction) {
      transaction.done.catch(() => undefined)
      transaction.abort()
    },
  })
  try {
    await db.put('byes', 1, worker)
  } finally {
    db.close()
  }
}

/** @throws QueueError `store-unavailable` where there is no IndexedDB, or where it may not even be looked at. */
export function assertPresent(identity: string): void {
  let present: boolean
  try {
    present = globalThis.indexedDB !== undefined && globalThis.indexedDB !== null
  } catch (cause) {
    // Chromium's getter throws where cookies are blocked.
    throw unavailable(identity, cause)
  }
  if (!present) throw unavailable(identity, undefined)
}

function unavailable(identity: string, cause: unknown): QueueError {
  const why = cause === undefined ? 'there is no IndexedDB here' : 'IndexedDB cannot be opened'
  const remedy = "for a queue that lives in memory only, pass store: memoryStore() or fallback: 'memory'"
  return new QueueError('store-unavailable', `Cannot open the store ${identity}: ${why}; ${remedy}`, {
    cause,
  })
}

function isFinal(cause: unknown): boolean {
  return (
    isQueueError(cause) ||
    cause instanceof TypeError ||
    nameOf(cause) === 'SecurityError' ||
    nameOf(cause) === 'VersionError'
  )
}

function openFailure(cause: unknown, identity: string): Error {
  if (isQueueError(cause) || cause instanceof TypeError) return cause
  if (nameOf(cause) !== 'VersionError') return unavailable(identity, cause)
  const why = 'it was written by a newer version; reload the application'
  return new QueueError('version-ahead', `Cannot open the store ${identity}: ${why}`, { cause })
}
