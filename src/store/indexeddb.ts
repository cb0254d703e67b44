import { deleteDB } from 'idb'
import { isQueueError, QueueError, refuseUnknown } from '../errors.ts'
import type {
  CommitOptions,
  Decide,
  Joined,
  Page,
  Position,
  Snapshot,
  Store,
  StoreFactory,
} from './contract.ts'
import { append, nothing } from './indexeddb/append.ts'
import { createBlobs } from './indexeddb/blobs.ts'
import { withFarewells } from './indexeddb/farewells.ts'
import { createHints } from './indexeddb/hints.ts'
import type { ApplicationDatabase } from './indexeddb/application-database.ts'
import { assertDatabase, eraseIn, openIn } from './indexeddb/application-connection.ts'
import { createLink, type Link } from './indexeddb/link.ts'
import { learn, missedSince } from './indexeddb/missed.ts'
import { assertPresent, leaveNewer, type Opener, openOwn } from './indexeddb/open.ts'
import { createReserve } from './indexeddb/reserve.ts'
import { askHead, headOf, readEntries, snapshotOf } from './indexeddb/schema.ts'
import { createRun, type Run } from './indexeddb/transaction.ts'

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

/** Where the object stores of a handle are. */
interface Home {
  readonly identity: string
  readonly open: Opener
  readonly erase: (link: Link) => Promise<void>
  /** Puts a bye that was refused for this reason, where there is still a way to. */
  readonly leaveLate: (worker: string, reason: unknown) => Promise<void>
  /** Whether the application's data is there, too. */
  readonly isJoint: boolean
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

/** Well under what the engines can send between processes in one piece (Chromium: 128 MiB). */
const maxEntryBytes = 2 ** 23

function openHandle({ identity, open, erase, leaveLate, isJoint }: Home): Store {
  const limits = { identity, maxEntryBytes }
  const hints = createHints(identity)
  const link = createLink(identity, open, hints.tell)
  const run = createRun(link, identity)
  const blobs = createBlobs()
  const estimate = estimateOf()
  const reserve = createReserve(run, link, estimate)
  const close = () => {
    link.close()
    hints.close()
  }
  const write = async (
    after: Position,
    decide: Decide,
    how: CommitOptions & { readonly joined?: Joined },
  ): Promise<number | undefined> => {
    link.assertOpen()
    try {
      const seq = await append({ run, blobs, limits }, after, decide, how)
      if (seq !== undefined) hints.post()
      reserve.refill()
      return seq
    } catch (error) {
      // Not tried again here: what to leave out is the caller's to decide.
      if (isQueueError(error, 'quota-exceeded')) await reserve.free()
      throw error
    }
  }
  const join: Store['join'] = (after, decide, joined) => write(after, decide, { joined })

  return {
    ...limits,
    exclusive: false,
    durable: true,
    load: () => load(run, identity),
    read: (after) =>
      run({ stores: ['meta', 'log', 'byes'], mode: 'readonly' }, (step) => {
        let missed = nothing
        missedSince(step, after, identity, (all) => {
          missed = all
        })
        return () => missed
      }),
    commit: (after, decide, commitOptions = {}) => write(after, decide, commitOptions),
    ...(isJoint && { join }),
    payload: (id) =>
      run({ stores: ['payloads'], mode: 'readonly' }, (step) => {
        const request = step.store('payloads').get(id)
        return () => blobs.unpack(request.result)
      }),
    checkpoint: (...given) => reserve.drawOn(() => checkpoint(run, identity, ...given)),
    subscribe(listener) {
      link.assertOpen()
      return hints.subscribe(listener)
    },
    leave(worker) {
      const said = reserve.drawOn(() => leave(run, worker))
      const left = said.catch((error: unknown) => leaveLate(worker, error))
      // Whoever reads after this message waits for the transaction.
      hints.postLast()
      return left
    },
    ...(estimate && {
      estimate: async () => {
        link.assertOpen()
        return estimate()
      },
    }),
    async destroy() {
      link.assertOpen()
      try {
        await erase(link)
        hints.post()
      } finally {
        close()
      }
    },
    close: async () => close(),
  }
}

function load(run: Run, identity: string): Promise<Snapshot> {
  return run({ stores: ['meta', 'pages', 'log', 'byes'], mode: 'readonly' }, (step) => {
    const { store } = step
    const head = askHead(store('meta'))
    const pages = store('pages').getAll()
    const byes = store('byes').getAllKeys()
    let snapshot: () => Snapshot
    step.answered(head, () => {
      const found = learn(step, head, identity)
      const entries = readEntries(store('log'), IDBKeyRange.lowerBound(found.base + found.mark, true))
      snapshot = () => ({
        ...snapshotOf(found, { pages: pages.result, entries, byes: byes.result }, identity),
        isLost: step.connection.isLost,
      })
    })
    return () => snapshot()
  })
}

function checkpoint(
  run: Run,
  identity: string,
  through: Position,
  pages: readonly Page[],
  floor = through.seq,
): Promise<boolean> {
  return run({ stores: ['log', 'pages', 'meta'], mode: 'readwrite' }, (step) => {
    let done = false
    const { log, base } = step.connection
    const last = base + through.seq
    const head = askHead(step.store('meta'))
    // An entry that is there is not ahead of the head; a cleared log's are gone for good.
    step.answered(step.store('log').getKey(last), (key) => {
      const mark = headOf(head, identity)?.mark ?? through.seq
      if (through.log !== log || key === undefined || through.seq <= mark) return step.commit()
      done = true
      for (const { id, body } of pages) {
        if (body === '') step.store('pages').delete(id)
        else step.store('pages').put({ id, body })
      }
      step.store('meta').put(through.seq, 'mark')
      const dropped = IDBKeyRange.upperBound(base + Math.min(floor, through.seq))
      step.answered(step.store('log').delete(dropped), step.commit)
    })
    return () => done
  })
}

// Neither checked nor waited for: in a page that goes away only what was sent at once survives.
function leave(run: Run, worker: string): Promise<void> {
  return run({ stores: ['byes'], mode: 'readwrite' }, (step) => {
    step.store('byes').put(1, worker)
    step.commit()
    return () => undefined
  })
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

function estimateOf(): Store['estimate'] {
  // Absent in runtimes without storage, and in insecure contexts.
  const manager: StorageManager | undefined = globalThis.navigator?.storage
  if (typeof manager?.estimate !== 'function') return undefined
  return async () => {
    const { usage = 0, quota = Number.POSITIVE_INFINITY } = await manager.estimate()
    return { usage, quota }
  }
}
