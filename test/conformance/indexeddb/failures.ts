import { expect, test } from 'vitest'
import { draftOf, headOf } from '../../../src/testing/conformance/bench.ts'
import { answered, openQueue, writeRaw } from './queue.ts'
import { replaceMethod } from './tap.ts'

/** Requests and transactions that fail. */
export function failureCases(): void {
  test('a failed request is store-failed, and certain where nothing was to be committed yet', async () => {
    const store = openQueue().open()
    const head = await headOf(store)
    const { restore } = replaceMethod<IDBObjectStore, [unknown, number?], IDBRequest>(
      IDBObjectStore.prototype,
      'add',
      (original, self, [entry]) => {
        self.put(entry, 1)
        return original(entry, 1)
      },
    )
    const failed = { code: 'store-failed', uncertain: false, cause: { name: 'ConstraintError' } }
    const put = [{ id: 'p', value: 1 }]
    await expect(store.commit(head, () => draftOf('a:1', { put }))).rejects.toMatchObject(failed)
    restore()
    expect(await headOf(store)).toEqual(head)
  })

  test('an entry that fails after its commit was sent is store-failed, uncertain, and not there', async () => {
    const store = openQueue().open()
    const head = await headOf(store)
    await store.commit(head, () => draftOf('a:1'))
    const { restore } = replaceMethod<IDBObjectStore, [unknown, IDBValidKey?], IDBRequest>(
      IDBObjectStore.prototype,
      'add',
      (original, _self, [value]) => original(value, 1),
    )
    const failed = { code: 'store-failed', uncertain: true, cause: { name: 'ConstraintError' } }
    const answer = store.commit({ ...head, seq: 1 }, () => draftOf('a:2'), { fresh: true })
    await expect(answer).rejects.toMatchObject(failed)
    restore()
    expect((await store.load()).entries.map(({ id }) => id)).toEqual(['a:1'])
    expect(await store.commit({ ...head, seq: 1 }, () => draftOf('a:3'), { fresh: true })).toBe(2)
  })

  test('an abort after commit was sent is store-failed, and uncertain', async () => {
    const store = openQueue().open()
    const head = await headOf(store)
    const { restore } = replaceMethod<IDBTransaction, [], void>(
      IDBTransaction.prototype,
      'commit',
      (_commit, self) => self.abort(),
    )
    const failed = { code: 'store-failed', uncertain: true }
    await expect(store.commit(head, () => draftOf('a:1'))).rejects.toMatchObject(failed)
    restore()
    expect(await headOf(store)).toEqual(head)
  })

  test('success of a request is no commit: the promise waits for the transaction', async () => {
    const store = openQueue().open()
    const head = await headOf(store)
    const events: string[] = []
    replaceMethod<IDBDatabase, unknown[], IDBTransaction>(
      IDBDatabase.prototype,
      'transaction',
      (original, _self, args) => {
        const transaction = original(...args)
        transaction.addEventListener('complete', () => events.push('complete'))
        return transaction
      },
    )
    await store.commit(head, () => draftOf('a:1')).then(() => events.push('resolved'))
    expect(events).toEqual(['complete', 'resolved'])
  })
}

/** What is found on a damaged disk. */
export function damageCases(): void {
  test.each([
    ['a missing entry', (log: IDBObjectStore) => log.delete(2)],
    ['an entry without a body', (log: IDBObjectStore) => log.put({ id: 'a:2' }, 2)],
    [
      'a damaged page',
      (log: IDBObjectStore) => log.transaction.objectStore('pages').put({ id: '0', body: 7 }),
    ],
    ['a damaged mark', (log: IDBObjectStore) => log.transaction.objectStore('meta').put('three', 'mark')],
  ])('%s is store-corrupt', async (_what, damage) => {
    const { open, databaseName } = openQueue()
    const store = open()
    const { log } = await headOf(store)
    for (const seq of [1, 2, 3]) await store.commit({ log, seq: seq - 1 }, () => draftOf(`a:${seq}`))
    await writeRaw(databaseName, damage)
    await expect(store.load()).rejects.toMatchObject({ code: 'store-corrupt' })
  })

  test('a log without an id is store-corrupt', async () => {
    const { open, databaseName } = openQueue()
    await open().load()
    await writeRaw(databaseName, (log) => log.transaction.objectStore('meta').delete('log'))
    await expect(open().load()).rejects.toMatchObject({ code: 'store-corrupt' })
  })

  test('a database of another make is store-corrupt at once', async () => {
    const { open, databaseName } = openQueue()
    const foreign = await answered(indexedDB.open(databaseName, 1))
    foreign.close()
    await expect(open().load()).rejects.toMatchObject({ code: 'store-corrupt' })
  })
}

/** An engine that fails to store Blobs, as some versions of iOS do. */
export function blobCases(): void {
  test('where Blobs cannot be stored their bytes are, and a Blob comes back', async () => {
    const store = openQueue().open()
    const { log } = await headOf(store)
    const refused = refuseBlobs()
    const file = new File(['abc'], 'a.txt', { type: 'text/plain', lastModified: 5 })
    const value = { file, list: [new Blob(['x'], { type: 'a/b' })], map: new Map([['file', file]]), n: 1 }
    const decide = () => draftOf('a:1', { put: [{ id: 'p', value }] })
    expect(await store.commit({ log, seq: 0 }, decide)).toBe(1)
    // Behind the head, so that the second step meets one it has not read yet.
    const late = { blob: new Blob(['late']) }
    expect(
      await store.commit({ log, seq: 0 }, () => draftOf('a:2', { put: [{ id: 'q', value: late }] })),
    ).toBe(2)
    expect(refused()).toBe(2)
    const back = (await store.payload('p')) as typeof value
    expect(back).toMatchObject({ file: { name: 'a.txt', type: 'text/plain', lastModified: 5 }, n: 1 })
    expect(back.file).toBeInstanceOf(File)
    expect(await back.file.text()).toBe('abc')
    expect(await back.list[0]?.text()).toBe('x')
    expect(back.map.get('file')).toBe(back.file)
    expect(await ((await store.payload('q')) as typeof late).blob.text()).toBe('late')
  })

  test('a Blob that cannot be read either fails the commit', async () => {
    const store = openQueue().open()
    const head = await headOf(store)
    replaceMethod(IDBObjectStore.prototype, 'put', () => {
      throw new DOMException('Error preparing Blob/File data', 'DataCloneError')
    })
    const decide = () => draftOf('a:1', { put: [{ id: 'p', value: new Blob(['x']) }] })
    await expect(store.commit(head, decide)).rejects.toMatchObject({ code: 'store-failed', uncertain: false })
    expect(await headOf(store)).toEqual(head)
  })
}

/** No Blob can be stored from here on. Tells how many were refused. */
export function refuseBlobs(): () => number {
  let refusals = 0
  replaceMethod<IDBObjectStore, [unknown, string], IDBRequest>(
    IDBObjectStore.prototype,
    'put',
    (original, _self, args) => {
      if (!holdsBlob(args[0])) return original(...args)
      refusals += 1
      throw new DOMException('Error preparing Blob/File data to be stored in object store', 'DataCloneError')
    },
  )
  return () => refusals
}

function holdsBlob(value: unknown): boolean {
  if (value instanceof Blob) return true
  if (value instanceof Map) return [...value.values()].some(holdsBlob)
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsBlob)
}
