import { deleteDB } from 'idb'
import { isQueueError, QueueError, refuseUnknown } from '../errors.ts'
import type { StoreFactory } from './contract.ts'
import { assertDatabase, eraseIn, openIn } from './indexeddb/application-connection.ts'
import type { ApplicationDatabase } from './indexeddb/application-database.ts'
import { withFarewells } from './indexeddb/farewells.ts'
import { type Home, openHandle } from './indexeddb/handle.ts'
import { assertPresent, leaveNewer, type Opener, openOwn } from './indexeddb/open.ts'

/** Options of {@link indexedDbStore}. */
export interface IndexedDbStoreOptions {
  /**
   * What the databases are named after: each queue has one of its own, `<databaseName>:<queue name>`.
   *
   * With `db` it names no database: queues of one name in several databases of the application's need one each.
   *
   * @default 'holdfast'
   */
  readonly databaseName?: string
  /**
   * A database of the application's to keep the queues in, beside its own data, so that `transact` commits both
   * together: an `IDBDatabase`, one of idb or of Dexie, or a function that gives one. Asked for again when its
   * connection turns out to be dead, so the function is to give the same one while that is alive. It must hold the
   * queue's object stores: see `createQueueStores` and `queueStoresSchema`. The queue never closes it.
   */
  readonly db?: ApplicationDatabase | (() => ApplicationDatabase | PromiseLike<ApplicationDatabase>)
}

/**
 * A store in IndexedDB, shared by every page and worker of the origin. Nothing is opened before the first call.
 *
 * @example
 * ```ts
 * import { indexedDbStore } from 'holdfast'
 *
 * const store = indexedDbStore({ databaseName: 'my-app' })('photos')
 * console.log(store.identity) // indexeddb:my-app:photos
 * ```
 */
export function indexedDbStore(options: IndexedDbStoreOptions = {}): StoreFactory {
  refuseUnknown('options', options, ['databaseName', 'db'])
  const { databaseName = 'holdfast', db } = options
  if (db !== undefined && typeof db !== 'function') assertDatabase(db)
  return (queueName) => {
    const name = `${databaseName}:${queueName}`
    if (db === undefined) return withFarewells(openHandle(ownHome(name)))
    const identity = `indexeddb-db:${name}`
    const ask = typeof db === 'function' ? db : () => db
    const open: Opener = (gone) => openIn(ask, queueName, identity, gone)
    return withFarewells(
      openHandle({ identity, open, erase: (link) => eraseIn(link, identity), leaveLate, isJoint: true }),
    )
  }
}

function ownHome(databaseName: string): Home {
  const identity = `indexeddb:${databaseName}`
  return {
    identity,
    open: (...given) => openOwn(databaseName, identity, ...given),
    erase(link) {
      link.close()
      return erase(databaseName, identity)
    },
    leaveLate: (worker, reason) =>
      isQueueError(reason, 'version-ahead') ? leaveNewer(databaseName, worker) : leaveLate(worker, reason),
    isJoint: false,
  }
}

const leaveLate: Home['leaveLate'] = (_, reason) => Promise.reject(reason)

async function erase(databaseName: string, identity: string): Promise<void> {
  assertPresent(identity)
  try {
    // Answered once every other connection is closed, which they do when they are told.
    await deleteDB(databaseName)
  } catch (cause) {
    throw new QueueError('store-failed', `Cannot erase the store ${identity}`, { cause })
  }
}
