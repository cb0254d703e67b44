/** The script of an application that keeps its photos and its queue in one database. Tests drive it through `rows`. */
import { Dexie, liveQuery, type Transaction as DexieTransaction } from 'dexie'
import * as holdfast from 'holdfast'
import { openDB } from 'idb'

/** How the application holds its database. */
export type Holding = 'idb' | 'dexie'

interface Photo {
  readonly id: string
  readonly file?: Blob
}

/** How the application puts a row in a transaction that the queue began. */
type Put = (tx: holdfast.Transaction, photo: Photo) => Promise<unknown>

interface Application {
  readonly ask: () => holdfast.ApplicationDatabase | Promise<holdfast.ApplicationDatabase>
  readonly put: Put
}

/** With idb, as one does: opened when it is needed, closed when another tab upgrades it, and then opened again. */
function withIdb(): Application {
  let opening: Promise<holdfast.ApplicationDatabase> | undefined
  // Whatever version there is, once another tab has upgraded it.
  let version: number | undefined = 1
  const open = async () => {
    const db = await openDB('app', version, {
      upgrade(database, before) {
        if (before < 1) {
          database.createObjectStore('photos', { keyPath: 'id' })
          holdfast.createQueueStores(database, 'photos')
        }
      },
      blocking() {
        opening = undefined
        version = undefined
        db.close()
      },
    })
    return db
  }
  return {
    ask: () => {
      opening ??= open()
      return opening
    },
    put: (tx, photo) => answered(tx.store('photos').put(photo)),
  }
}

/** With Dexie, whose own tables take part, and whose live queries notice. */
function withDexie(): Application {
  const db = new Dexie('app')
  db.version(1).stores({ photos: 'id', ...holdfast.queueStoresSchema('photos') })
  liveQuery(() => db.table('photos').count()).subscribe((count) => rows.seen.push(count))
  return {
    ask: () => db,
    put: (tx, photo) => joined(db, tx.transaction).table('photos').put(photo),
  }
}

/** What Dexie makes of a transaction that it did not begin, as it does in its own upgrades. */
function joined(db: Dexie, transaction: IDBTransaction): DexieTransaction {
  const { _dbSchema } = db as unknown as Joinable
  return (db as unknown as Joinable)
    ._createTransaction('readwrite', ['photos'], _dbSchema)
    .create(transaction)
}

/** What Dexie does not declare. */
interface Joinable {
  readonly _dbSchema: unknown
  _createTransaction(
    mode: 'readwrite',
    names: readonly string[],
    schema: unknown,
  ): { create(transaction: IDBTransaction): DexieTransaction }
}

export type PhotoQueue = holdfast.Queue<{
  readonly upload: { readonly payload: { readonly id: string }; readonly result: string }
}>

/** Which rows there are, and for which there is a job. */
export interface Found {
  readonly photos: readonly string[]
  readonly jobs: readonly string[]
}

/** What tests find in the page, as `rows`. */
export interface Rows {
  readonly holdfast: typeof holdfast
  /** What Dexie's live query of the photos saw. */
  readonly seen: number[]
  /** What a test keeps for later. */
  readonly kept: Map<string, unknown>
  /** The queue that was opened last. */
  readonly queue: PhotoQueue
  open(holding: Holding, more?: Partial<holdfast.CommonOptions>): Promise<void>
  /** Row and job, with something of the test's in between. */
  add(photo: Photo, between?: (tx: holdfast.Transaction) => unknown): Promise<holdfast.Transacted<unknown>>
  /** As whoever opens the database next finds it. */
  look(): Promise<Found>
  /** Another version of the application, in another tab. */
  upgrade(): Promise<void>
  /** How a promise ends, in a word. */
  ends(promise: Promise<unknown>): Promise<string>
}

declare global {
  var rows: Rows
}

let application: Application | undefined
let queue: PhotoQueue | undefined

function openQueue({ ask }: Application, more: Partial<holdfast.CommonOptions> = {}): PhotoQueue {
  return holdfast.createQueue({
    name: 'photos',
    store: holdfast.indexedDbStore({ db: ask }),
    handlers: { upload: (_: { readonly id: string }) => 'uploaded' },
    ...more,
  })
}

globalThis.rows = {
  holdfast,
  seen: [],
  kept: new Map(),
  get queue() {
    if (queue === undefined) throw new Error('Cannot use the queue: it is not open')
    return queue
  },
  async open(holding, more) {
    application = holding === 'dexie' ? withDexie() : withIdb()
    queue = openQueue(application, more)
    await queue.info()
  },
  add(photo, between = () => undefined) {
    return rows.queue.transact(['photos'], async (tx) => {
      await application?.put(tx, photo)
      await between(tx)
      tx.enqueue('upload', { id: photo.id })
    })
  },
  async look() {
    if (application === undefined) throw new Error('Cannot look: the application is not open')
    const db = await answered(indexedDB.open('app'))
    const photos = await answered(db.transaction('photos').objectStore('photos').getAllKeys())
    db.close()
    const fresh = openQueue(application)
    const { jobs } = await fresh.list({ limit: 10_000 })
    const payloads = await Promise.all(jobs.map(({ id }) => fresh.payload(id)))
    await fresh.close()
    const ids = payloads.map((payload) => (payload as { readonly id: string }).id)
    return { photos: photos.map(String).toSorted(), jobs: ids.toSorted() }
  },
  async upgrade() {
    const opening = indexedDB.open('app', 2)
    opening.onupgradeneeded = () => opening.result.createObjectStore('albums')
    const db = await answered(opening)
    db.close()
  },
  ends: (promise) =>
    promise.then(
      () => 'done',
      (error: unknown) => (holdfast.isQueueError(error) ? error.code : String(error)),
    ),
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
