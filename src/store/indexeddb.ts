import { deleteDB } from 'idb'
import { isQueueError, QueueError, refuseUnknown } from '../errors.ts'
import type { Page, Position, Snapshot, Store, StoreFactory } from './contract.ts'
import { logReplaced } from './failures.ts'
import { append } from './indexeddb/append.ts'
import { createBlobs } from './indexeddb/blobs.ts'
import { createHints } from './indexeddb/hints.ts'
import { createLink } from './indexeddb/link.ts'
import { assertPresent } from './indexeddb/open.ts'
import { createReserve } from './indexeddb/reserve.ts'
import { missedSince, readEntries, snapshotOf } from './indexeddb/schema.ts'
import { createRun, type Run } from './indexeddb/transaction.ts'

/** Options of {@link indexedDbStore}. */
export interface IndexedDbStoreOptions {
  /**
   * What the databases are named after: each queue has one of its own, `<databaseName>:<queue name>`.
   *
   * @default 'holdfast'
   */
  readonly databaseName?: string
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
  refuseUnknown('options', options, ['databaseName'])
  const { databaseName = 'holdfast' } = options
  return (queueName) => openHandle(`${databaseName}:${queueName}`)
}

/** Well under what the engines can send between processes in one piece (Chromium: 128 MiB). */
const maxEntryBytes = 2 ** 23

function openHandle(databaseName: string): Store {
  const identity = `indexeddb:${databaseName}`
  const limits = { identity, maxEntryBytes }
  const link = createLink(databaseName, identity)
  const run = createRun(link, identity)
  const blobs = createBlobs()
  const hints = createHints(identity)
  const estimate = estimateOf()
  const reserve = createReserve(run, link, estimate)
  const close = () => {
    link.close()
    hints.close()
  }

  return {
    ...limits,
    exclusive: false,
    durable: true,
    load: () => load(run, identity),
    read: (after) =>
      run({ stores: ['meta', 'log', 'byes'], mode: 'readonly' }, (step) => {
        if (step.log !== after.log) throw logReplaced(identity)
        return missedSince(step, after.seq, identity).result
      }),
    async commit(after, decide, commitOptions = {}) {
      link.assertOpen()
      try {
        const seq = await append({ run, blobs, limits }, after, decide, commitOptions)
        if (seq !== undefined) hints.post()
        reserve.refill()
        return seq
      } catch (error) {
        // Not tried again here: what to leave out is the caller's to decide.
        if (isQueueError(error, 'quota-exceeded')) await reserve.free()
        throw error
      }
    },
    payload: (id) =>
      run({ stores: ['payloads'], mode: 'readonly' }, (step) => {
        const request = step.store('payloads').get(id)
        return () => blobs.unpack(request.result)
      }),
    checkpoint: (through, pages) => reserve.drawOn(() => checkpoint(run, through, pages)),
    subscribe(listener) {
      link.assertOpen()
      return hints.subscribe(listener)
    },
    leave(worker) {
      const left = reserve.drawOn(() => leave(run, worker))
      // Now: there may be no later, and whoever reads after this message waits for the transaction.
      hints.post()
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
      link.close()
      try {
        await erase(databaseName, identity)
        hints.post()
      } finally {
        hints.close()
      }
    },
    close: async () => close(),
  }
}

function load(run: Run, identity: string): Promise<Snapshot> {
  return run({ stores: ['meta', 'pages', 'log', 'byes'], mode: 'readonly' }, ({ log, store }) => {
    const mark = store('meta').get('mark')
    const pages = store('pages').getAll()
    const entries = readEntries(store('log'))
    const byes = store('byes').getAllKeys()
    return () =>
      snapshotOf({ log, mark: mark.result, pages: pages.result, entries, byes: byes.result }, identity)
  })
}

function checkpoint(run: Run, through: Position, pages: readonly Page[]): Promise<boolean> {
  return run({ stores: ['log', 'pages', 'meta'], mode: 'readwrite' }, (step) => {
    let done = false
    // An entry that is still there is after the mark, and not ahead of the head.
    step.answered(step.store('log').getKey(through.seq), (key) => {
      if (through.log !== step.log || key === undefined) return step.commit()
      done = true
      for (const { id, body } of pages) {
        if (body === '') step.store('pages').delete(id)
        else step.store('pages').put({ id, body })
      }
      step.store('meta').put(through.seq, 'mark')
      step.answered(step.store('log').delete(IDBKeyRange.upperBound(through.seq)), step.commit)
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
