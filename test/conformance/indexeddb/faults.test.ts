import 'fake-indexeddb/auto'
import { forceCloseDatabase } from 'fake-indexeddb'
import { expect, test } from 'vitest'
import { draftOf, headOf } from '../../../src/testing/conformance/bench.ts'
import { indexedDbCases } from './cases.ts'
import { answered, openQueue } from './queue.ts'
import { replaceMethod, tap } from './tap.ts'

indexedDbCases()

/** Fails the commit of every transaction that puts, while the reserve is there, or `always`. */
function fillOrigin(always = false) {
  const state = { full: true }
  const seen = tap()
  replaceMethod<IDBTransaction, [], void>(IDBTransaction.prototype, 'commit', (original, self) => {
    const writes = seen.requests.some((request) => /\.(put|add)$/.test(request))
    const freed = seen.requests.includes('meta.delete')
    const fails = state.full && writes && !(freed && !always)
    // As Chromium does: the requests succeed, and the transaction aborts.
    if (fails) Reflect.get(self, '_abort').call(self, 'QuotaExceededError')
    else original()
  })
  return { seen, state }
}

async function reserveOf(databaseName: string): Promise<number> {
  const db = await answered(indexedDB.open(databaseName))
  const reserve = await answered(db.transaction('meta').objectStore('meta').get('reserve'))
  db.close()
  return reserve?.byteLength ?? 0
}

test('a reserve of 256 KiB is made with the log, and no transaction more', async () => {
  const { open, databaseName } = openQueue()
  const seen = tap()
  await open().load()
  expect(seen.transactions.map(({ mode }) => mode)).toEqual(['versionchange', 'readonly', 'readonly'])
  expect(await reserveOf(databaseName)).toBe(256 * 1024)
})

test('a commit that fails for quota frees the reserve before it rejects, and the next one has room', async () => {
  const { open, databaseName } = openQueue()
  const store = open()
  const head = await headOf(store)
  const { state } = fillOrigin()
  const full = { code: 'quota-exceeded', cause: { name: 'QuotaExceededError' } }
  const put = [{ id: 'p', value: 'large' }]
  await expect(store.commit(head, () => draftOf('a:1', { put }))).rejects.toMatchObject(full)
  expect(await reserveOf(databaseName)).toBe(0)
  expect(await store.commit(head, () => draftOf('a:2'))).toBe(1)
  expect(await store.payload('p')).toBeUndefined()
  state.full = false
  await store.commit({ ...head, seq: 1 }, () => draftOf('a:3'))
  await expect.poll(() => reserveOf(databaseName)).toBe(256 * 1024)
})

test('payloads asked for in one turn are one transaction; one that is lost costs the others nothing', async () => {
  const store = openQueue().open()
  const put = ['a', 'b', 'c'].map((id) => ({ id, value: { of: id } }))
  await store.commit(await headOf(store), () => draftOf('a:1', { put }))
  const seen = tap()
  const read = () => Promise.allSettled(['a', 'b', 'c', 'a'].map((id) => store.payload(id)))
  const [first, , , again] = (await read()).map((each) => 'value' in each && each.value)
  expect(seen.transactions).toHaveLength(1)
  expect(again).toEqual({ of: 'a' })
  expect(again).not.toBe(first)
  replaceMethod<IDBObjectStore, [string], IDBRequest>(
    IDBObjectStore.prototype,
    'get',
    (original, self, [id]) => {
      const request = original(id)
      const fail = () => Reflect.get(self.transaction, '_abort').call(self.transaction, 'NotReadableError')
      // As Chromium says it of a value whose file is gone.
      if (id === 'b') queueMicrotask(fail)
      return request
    },
  )
  expect(await read()).toMatchObject([
    { value: { of: 'a' } },
    { reason: { code: 'store-corrupt' } },
    { value: { of: 'c' } },
    { value: { of: 'a' } },
  ])
})

test('a second step that fails for quota is quota-exceeded as well', async () => {
  const store = openQueue().open()
  const head = await headOf(store)
  fillOrigin(true)
  const full = { code: 'quota-exceeded', uncertain: false }
  await expect(store.commit(head, () => draftOf('a:1'), { fresh: true })).rejects.toMatchObject(full)
})

test('checkpoint and leave draw on the reserve by themselves', async () => {
  const { open } = openQueue()
  const store = open()
  const { log } = await headOf(store)
  await store.commit({ log, seq: 0 }, () => draftOf('a:1'))
  const { seen } = fillOrigin()
  expect(await store.checkpoint({ log, seq: 1 }, [{ id: '0', body: 'page' }])).toBe(true)
  seen.clear()
  await store.leave('worker')
  expect(seen.requests).toEqual(['byes.put', 'meta.delete', 'byes.put'])
})

test('where not even the reserve helps, checkpoint and leave are quota-exceeded', async () => {
  const store = openQueue().open()
  const { log } = await headOf(store)
  await store.commit({ log, seq: 0 }, () => draftOf('a:1'))
  fillOrigin(true)
  await expect(store.checkpoint({ log, seq: 1 }, [])).rejects.toMatchObject({ code: 'quota-exceeded' })
  await expect(store.leave('worker')).rejects.toMatchObject({ code: 'quota-exceeded' })
})

test('a connection that the browser closed is opened again, and what was destroyed with it is log-replaced', async () => {
  const { open, databaseName } = openQueue()
  const store = open()
  const seen = tap()
  const head = await headOf(store)
  const [transaction] = seen.transactions
  if (transaction) forceCloseDatabase(transaction.db as never)
  await new Promise((resolve) => {
    indexedDB.deleteDatabase(databaseName).onsuccess = resolve
  })
  await expect(store.commit(head, () => draftOf('a:1'))).rejects.toMatchObject({ code: 'log-replaced' })
  await expect(store.read(head)).rejects.toMatchObject({ code: 'log-replaced' })
  expect((await store.load()).log).not.toBe(head.log)
})

test('a commit that is never answered fails as uncertain when the browser closes the connection', async () => {
  const store = openQueue().open()
  const head = await headOf(store)
  let sent: IDBDatabase | undefined
  const { restore } = replaceMethod<IDBTransaction, [], void>(
    IDBTransaction.prototype,
    'commit',
    (_commit, self) => {
      sent = self.db
      // The transaction ends, and says so to nobody.
      self.dispatchEvent = () => true
    },
  )
  const committed = store.commit(head, () => draftOf('a:1'))
  await Promise.all([
    expect(committed).rejects.toMatchObject({ code: 'store-failed', uncertain: true }),
    expect
      .poll(() => sent)
      .toBeDefined()
      .then(() => forceCloseDatabase(sent as never)),
  ])
  restore()
  const { entries } = await store.read(head)
  expect(entries.map(({ id }) => id)).toEqual(['a:1'])
})

/** Cuts off each read of the log while `isOn`. */
function cutReads() {
  const cuts = { isOn: true, count: 0 }
  replaceMethod<IDBDatabase, unknown[], IDBTransaction>(
    IDBDatabase.prototype,
    'transaction',
    (original, self, args) => {
      const transaction = original(...args)
      if (!cuts.isOn || !String(args[0]).includes('log')) return transaction
      cuts.count += 1
      queueMicrotask(() => {
        transaction.abort()
        forceCloseDatabase(self as never)
      })
      return transaction
    },
  )
  return cuts
}

test('a read that is cut off is made again on another connection', async () => {
  const store = openQueue().open()
  const head = await headOf(store)
  const cuts = cutReads()
  const reading = store.read(head)
  await expect.poll(() => cuts.count).toBe(1)
  cuts.isOn = false
  expect((await reading).entries).toEqual([])
})

test('a read that no answer comes to is made again when the browser closes the connection', async () => {
  const store = openQueue().open()
  const head = await headOf(store)
  let sent: IDBDatabase | undefined
  const { restore } = replaceMethod<IDBDatabase, unknown[], IDBTransaction>(
    IDBDatabase.prototype,
    'transaction',
    (original, self, args) => {
      const transaction = original(...args)
      sent = self
      // The transaction ends, and says so to nobody.
      transaction.dispatchEvent = () => true
      return transaction
    },
  )
  const reading = store.read(head)
  await expect.poll(() => sent).toBeDefined()
  restore()
  forceCloseDatabase(sent as never)
  expect((await reading).entries).toEqual([])
})

test('a read that is cut off twice is store-failed, and certain; the next call opens another connection', async () => {
  const store = openQueue().open()
  const head = await headOf(store)
  const cuts = cutReads()
  await expect(store.read(head)).rejects.toMatchObject({ code: 'store-failed', uncertain: false })
  expect(cuts.count).toBe(2)
  cuts.isOn = false
  expect((await store.read(head)).entries).toEqual([])
})
