import { expect, onTestFinished, test } from 'vitest'
import { draftOf, headOf } from '../../../src/testing/conformance/bench.ts'
import { answered, openQueue } from './queue.ts'
import { replaceMethod, tap } from './tap.ts'

/** Opening, and opening again. */
export function connectionCases(): void {
  test('nothing is opened before the first call', async () => {
    const { open, databaseName } = openQueue()
    const store = open()
    store.subscribe(() => undefined)
    expect((await indexedDB.databases()).map(({ name }) => name)).not.toContain(databaseName)
    await store.load()
    expect((await indexedDB.databases()).map(({ name }) => name)).toContain(databaseName)
  })

  test('a dead connection is opened again by the next call, and nothing is lost or doubled', async () => {
    const store = openQueue().open()
    const seen = tap()
    const head = await headOf(store)
    const [transaction] = seen.transactions
    transaction?.db.close()
    expect(await store.commit(head, () => draftOf('a:1'))).toBe(1)
    expect((await store.load()).entries).toHaveLength(1)
  })

  test('a connection that is dead again and again is store-unavailable, until it is not', async () => {
    const store = openQueue().open()
    const head = await headOf(store)
    let tries = 0
    const { restore } = replaceMethod<IDBDatabase, unknown[], IDBTransaction>(
      IDBDatabase.prototype,
      'transaction',
      (original, _self, args) => {
        if (!String(args[0]).startsWith('log')) return original(...args)
        tries += 1
        throw new DOMException('The connection is closing', 'InvalidStateError')
      },
    )
    await expect(store.commit(head, () => draftOf('a:1'))).rejects.toMatchObject({
      code: 'store-unavailable',
    })
    expect(tries).toBe(4)
    restore()
    expect(await store.commit(head, () => draftOf('a:1'))).toBe(1)
  })

  test('opening is tried a bounded number of times, and anew with the next call', async () => {
    const store = openQueue().open()
    let tries = 0
    const { restore } = replaceMethod<IDBFactory, unknown[], IDBOpenDBRequest>(
      IDBFactory.prototype,
      'open',
      () => {
        tries += 1
        throw new DOMException('Internal error opening backing store', 'UnknownError')
      },
    )
    await expect(store.load()).rejects.toMatchObject({
      code: 'store-unavailable',
      cause: { name: 'UnknownError' },
    })
    expect(tries).toBe(4)
    restore()
    expect((await store.load()).mark).toBe(0)
  })

  test('blocked cookies and a missing IndexedDB are store-unavailable at once, and name the remedy', async () => {
    const store = openQueue().open()
    let tries = 0
    const { restore } = replaceMethod<IDBFactory, unknown[], IDBOpenDBRequest>(
      IDBFactory.prototype,
      'open',
      () => {
        tries += 1
        throw new DOMException('The user denied permission to access the database.', 'SecurityError')
      },
    )
    await expect(store.load()).rejects.toMatchObject({
      code: 'store-unavailable',
      cause: { name: 'SecurityError' },
    })
    expect(tries).toBe(1)
    restore()
    const denied = () => {
      throw new DOMException('Access is denied for this document.', 'SecurityError')
    }
    for (const get of [() => undefined, denied]) {
      const present = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB') ?? {}
      Object.defineProperty(globalThis, 'indexedDB', { configurable: true, get })
      try {
        await expect(store.load()).rejects.toMatchObject({ code: 'store-unavailable' })
        await expect(store.load()).rejects.toThrow("pass store: memoryStore() or fallback: 'memory'")
      } finally {
        Object.defineProperty(globalThis, 'indexedDB', present)
      }
    }
    expect((await store.load()).mark).toBe(0)
  })

  test('an upgrade by a newer version is let through, and is version-ahead from then on', async () => {
    const { open, databaseName } = openQueue()
    const store = open()
    await store.load()
    const newer = await answered(indexedDB.open(databaseName, 99))
    onTestFinished(() => newer.close())
    await expect(store.load()).rejects.toMatchObject({ code: 'version-ahead' })
    newer.close()
  })

  test('a handle whose connection is taken away is told by a hint, and its bye reaches a newer version all the same', async () => {
    const { open, databaseName } = openQueue()
    const store = open()
    await store.load()
    const told = new Promise<void>((resolve) => void store.subscribe(resolve))
    const newer = await answered(indexedDB.open(databaseName, 99))
    onTestFinished(() => newer.close())
    await told
    await store.leave('worker')
    const byes = newer.transaction('byes').objectStore('byes').getAllKeys()
    expect(await answered(byes)).toEqual(['worker'])
    newer.close()
  })

  test('a bye to a newer database that is gone leaves none that is empty in its place', async () => {
    const { open, databaseName } = openQueue()
    const store = open()
    await store.load()
    const newer = await answered(indexedDB.open(databaseName, 99))
    await expect(store.load()).rejects.toMatchObject({ code: 'version-ahead' })
    const { restore } = replaceMethod<IDBFactory, [string, number?], IDBOpenDBRequest>(
      IDBFactory.prototype,
      'open',
      (original, self, [name, version]) => {
        // It is erased between the two.
        if (version === undefined) self.deleteDatabase(name)
        return version === undefined ? original(name) : original(name, version)
      },
    )
    newer.close()
    await expect(store.leave('worker')).rejects.toThrow()
    restore()
    // Empty, it would be one of another make.
    expect((await open().load()).entries).toEqual([])
  })

  test('close lets go of calls that wait for an open that is blocked', async () => {
    const { open, databaseName } = openQueue()
    const holder = await answered(indexedDB.open(databaseName, 1))
    const erased = answered(indexedDB.deleteDatabase(databaseName))
    const store = open()
    const loading = store.load()
    await store.close()
    await expect(loading).rejects.toMatchObject({ code: 'closed' })
    holder.close()
    await erased
  })
}
