import 'fake-indexeddb/auto'
import { Dexie as Database } from 'dexie'
import { forceCloseDatabase } from 'fake-indexeddb'
import { deleteDB, openDB, unwrap } from 'idb'
import { expect, onTestFinished, test } from 'vitest'
import { createQueueStores, indexedDbStore, queueStoresSchema } from '../../../src/index.ts'
import type { Store } from '../../../src/store/contract.ts'
import { draftOf, entryOf, headOf } from '../../../src/testing/conformance/bench.ts'
import { tap } from '../../conformance/indexeddb/tap.ts'

let databases = 0
const nextName = () => `own-${++databases}`

/** An application's database with rows of its own and room for these queues. */
async function openApplication(queues: readonly string[] = ['mail'], name = nextName()) {
  const db = await openDB(name, 1, {
    upgrade(opening) {
      opening.createObjectStore('rows')
      for (const queue of queues) createQueueStores(opening, queue)
    },
  })
  onTestFinished(() => db.close())
  return db
}

/** A handle that is closed after the test. */
function open(options: Parameters<typeof indexedDbStore>[0], queue = 'mail'): Store {
  const store = indexedDbStore(options)(queue)
  onTestFinished(() => store.close())
  return store
}

async function openDexie() {
  const dexie = new Database(nextName())
  dexie.version(1).stores({ rows: 'id', ...queueStoresSchema('mail') })
  onTestFinished(() => dexie.close())
  return dexie
}

test('the same queue is found through the raw database, idb, and functions that give one', async () => {
  const db = await openApplication()
  const raw = unwrap(db)
  const stores = [raw, db, () => raw, () => db, async () => db].map((each) => open({ db: each }))
  const [first] = stores
  if (first) await first.commit(await headOf(first), () => draftOf('a:1'))
  for (const store of stores) {
    expect((await store.load()).entries).toEqual([entryOf(1, 'a:1')])
    expect(store.identity).toBe('indexeddb-db:holdfast:mail')
  }
})

test('a Dexie is opened when it is due, and its schema has room for the queue', async () => {
  const dexie = await openDexie()
  const store = open({ db: dexie })
  expect(dexie.isOpen()).toBe(false)
  expect(await store.commit(await headOf(store), () => draftOf('a:1'))).toBe(1)
  expect(dexie.isOpen()).toBe(true)
  expect((await open({ db: () => dexie }).load()).entries).toEqual([entryOf(1, 'a:1')])
})

test('a Dexie that its application closed stays closed, and is used again once it is open', async () => {
  const dexie = await openDexie()
  const store = open({ db: dexie })
  const head = await headOf(store)
  dexie.close()
  await expect(store.read(head)).rejects.toMatchObject({ code: 'store-unavailable' })
  expect(dexie.isOpen()).toBe(false)
  await dexie.open()
  expect(await store.read(head)).toEqual({ entries: [], byes: [] })
})

test('both ways of making the object stores make the same', async () => {
  const layout = async (db: IDBDatabase) => {
    const names = [...db.objectStoreNames].filter((name) => name.startsWith('holdfast:'))
    const transaction = db.transaction(names)
    return names.map((name) => {
      const { keyPath, autoIncrement } = transaction.objectStore(name)
      return { name, keyPath, autoIncrement }
    })
  }
  const dexie = await openDexie()
  await dexie.open()
  const made = await layout(unwrap(await openApplication()))
  expect(made).toHaveLength(5)
  expect(await layout(dexie.backendDB())).toEqual(made)
})

test('object stores that are there already stay as they are', async () => {
  const db = await openApplication()
  const store = open({ db })
  await store.commit(await headOf(store), () => draftOf('a:1'))
  db.close()
  const upgraded = await openDB(db.name, 2, {
    upgrade(opening) {
      for (const queue of ['mail', 'photos']) createQueueStores(opening, queue)
    },
  })
  onTestFinished(() => upgraded.close())
  expect((await open({ db: upgraded }).load()).entries).toEqual([entryOf(1, 'a:1')])
  expect((await open({ db: upgraded }, 'photos').load()).entries).toEqual([])
})

test('a database without room for the queue is refused, and what to add is said', async () => {
  const db = await openApplication(['photos'])
  const { name } = db
  await expect(open({ db }).load()).rejects.toThrow(TypeError)
  await expect(open({ db }).load()).rejects.toThrow(
    `the database "${name}" has no object store "holdfast:mail:log"; raise its version and make it by ` +
      'createQueueStores(db, "mail") in its upgrade, or queueStoresSchema("mail") for Dexie',
  )
})

test('what is no database is refused at once; what another copy of idb wraps, when it is used', async () => {
  for (const db of [{}, 'app', null, 7]) {
    expect(() => indexedDbStore({ db: db as never })).toThrow(/Cannot use options.db: it is .*a Dexie/)
  }
  await expect(open({ db: () => ({}) as never }).load()).rejects.toThrow(/a Dexie/)
  const db = await openApplication()
  const path = new URL('../../../node_modules/idb/build/index.js?copy', import.meta.url).href
  const copy: typeof import('idb') = await import(path)
  const foreign = copy.wrap(unwrap(db))
  expect(() => indexedDbStore({ db: foreign })).toThrow(/another copy of idb.*unwrap\(db\)/)
  await expect(open({ db: () => foreign }).load()).rejects.toThrow(/another copy of idb/)
})

test('nothing is asked of the application before the first call, and once while its connection lives', async () => {
  const db = await openApplication()
  let asked = 0
  const store = open({
    db: () => {
      asked += 1
      return db
    },
  })
  store.subscribe(() => undefined)
  expect(asked).toBe(0)
  const head = await headOf(store)
  await store.commit(head, () => draftOf('a:1'))
  expect(asked).toBe(1)
})

test('an optimistic commit costs one transaction and one request, as in a database of its own', async () => {
  const db = await openApplication()
  const store = open({ db })
  const { log } = await headOf(store)
  await store.commit({ log, seq: 0 }, () => draftOf('a:1'))
  await expect.poll(() => db.count('holdfast:mail:meta', 'reserve')).toBe(1)
  const seen = tap()
  await store.commit({ log, seq: 1 }, () => draftOf('a:2'))
  expect(seen.transactions).toHaveLength(1)
  expect(seen.requests).toEqual(['holdfast:mail:log.add'])
})

test('close leaves the database to the application', async () => {
  const db = await openApplication()
  const store = open({ db })
  await store.load()
  await store.close()
  expect(await db.count('rows')).toBe(0)
})

test('destroy leaves the rows and the other queues, and nobody appends to what is gone', async () => {
  const db = await openApplication(['mail', 'photos'])
  await db.put('rows', 'row', 1)
  const [store, stale, other] = [open({ db }), open({ db }), open({ db }, 'photos')]
  await other.commit(await headOf(other), () => draftOf('b:1'))
  let head = await headOf(store)
  await stale.load()
  for (const seq of [1, 2, 3]) await store.commit({ ...head, seq: seq - 1 }, () => draftOf(`a:${seq}`))
  await store.destroy()
  // Where it expects to be let in: at the head that it knows, and at every other.
  for (const seq of [0, 1, 2, 3, 4]) {
    const late = stale.commit({ ...head, seq }, () => draftOf('late'))
    await expect(late).rejects.toMatchObject({ code: 'log-replaced' })
    const read = open({ db }).read({ ...head, seq })
    await expect(read).rejects.toMatchObject({ code: 'log-replaced' })
    expect(await stale.checkpoint({ ...head, seq }, [])).toBe(false)
  }
  const anew = await stale.load()
  expect(anew).toMatchObject({ mark: 0, pages: [], entries: [] })
  head = { log: anew.log, seq: 0 }
  // What came too late for the old log used up a number of the new one.
  const seq = Number(await stale.commit(head, () => draftOf('c:1')))
  expect(await stale.commit({ ...head, seq }, () => draftOf('c:2'))).toBe(seq + 1)
  expect(await stale.checkpoint({ ...head, seq }, [{ id: '0', body: 'page' }])).toBe(true)
  expect(await open({ db }).load()).toMatchObject({ mark: seq, entries: [entryOf(seq + 1, 'c:2')] })
  expect([await db.get('rows', 1), (await other.load()).entries.length]).toEqual(['row', 1])
})

test('a position of a log that this handle has not heard of yet is good', async () => {
  const db = await openApplication()
  const [one, other] = [open({ db }), open({ db })]
  await one.commit(await headOf(one), () => draftOf('a:1'))
  await other.load()
  await one.destroy()
  const again = open({ db })
  const head = await headOf(again)
  expect(await other.commit(head, () => draftOf('b:1'))).toBe(1)
  const read = open({ db })
  expect((await read.read(head)).entries).toEqual([entryOf(1, 'b:1')])
})

test('what the application clears with its own rows is begun anew', async () => {
  const db = await openApplication()
  const store = open({ db })
  const head = await headOf(store)
  await store.commit(head, () => draftOf('a:1', { put: [{ id: 'p', value: 1 }] }))
  const names = [...db.objectStoreNames]
  const transaction = db.transaction(names, 'readwrite')
  await Promise.all([...names.map((name) => transaction.objectStore(name).clear()), transaction.done])
  await expect(store.read({ ...head, seq: 1 })).rejects.toMatchObject({ code: 'log-replaced' })
  const { log, mark, entries } = await store.load()
  expect({ mark, entries }).toEqual({ mark: 0, entries: [] })
  expect(log).not.toBe(head.log)
  expect(await store.commit({ log, seq: 0 }, () => draftOf('b:1'))).toBe(1)
  expect((await open({ db }).load()).entries).toEqual([entryOf(1, 'b:1')])
})

test('a connection that the browser cuts is asked for again by the next call', async () => {
  const name = nextName()
  let db = await openApplication(['mail'], name)
  const store = open({ db: () => db })
  const head = await headOf(store)
  await store.commit(head, () => draftOf('a:1'))
  forceCloseDatabase(unwrap(db) as never)
  db = await openApplication(['mail'], name)
  expect((await store.read(head)).entries).toEqual([entryOf(1, 'a:1')])
})

test('a database that the application may not open yet is tried a few times; a newer one is version-ahead', async () => {
  const db = await openApplication()
  let failures = 2
  const store = open({
    db: async () => {
      if (failures-- > 0) throw new DOMException('Internal error', 'UnknownError')
      return db
    },
  })
  expect((await store.load()).mark).toBe(0)
  db.close()
  const newer = await openDB(db.name, 9)
  onTestFinished(() => newer.close())
  await expect(open({ db: () => openDB(db.name, 1) }).load()).rejects.toMatchObject({ code: 'version-ahead' })
})

test('the reserve is put by with the first entry, not where nothing was ever kept', async () => {
  const db = await openApplication()
  const store = open({ db })
  const head = await headOf(store)
  expect(await db.count('holdfast:mail:meta', 'reserve')).toBe(0)
  await store.commit(head, () => draftOf('a:1'))
  await expect.poll(() => db.count('holdfast:mail:meta', 'reserve')).toBe(1)
  await store.destroy()
  expect(await db.count('holdfast:mail:meta', 'reserve')).toBe(0)
  db.close()
  await deleteDB(db.name)
})
