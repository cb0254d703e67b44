import { expect, test } from 'vitest'
import { draftOf, headOf } from '../../../src/testing/conformance/bench.ts'
import { openQueue } from './queue.ts'
import { replaceMethod, tap } from './tap.ts'

/** What the store asks of the engine, and when. */
export function costCases(): void {
  test('an optimistic commit costs one transaction and one request', async () => {
    const store = openQueue().open()
    const head = await headOf(store)
    const seen = tap()
    await store.commit(head, () => draftOf('a:1'))
    expect(seen.transactions).toHaveLength(1)
    expect(seen.requests).toEqual(['log.add'])
  })

  test('payloads cost a request each, before the entry, in the same transaction', async () => {
    const store = openQueue().open()
    const head = await headOf(store)
    const seen = tap()
    const put = [
      { id: 'p', value: 1 },
      { id: 'q', value: 2 },
    ]
    await store.commit(head, () => draftOf('a:1', { put, delete: ['r'], forget: ['w'] }))
    expect(seen.transactions).toHaveLength(1)
    expect(seen.requests).toEqual([
      'payloads.put',
      'payloads.put',
      'payloads.delete',
      'byes.delete',
      'log.add',
    ])
  })

  test('a refused commit costs one transaction more', async () => {
    const store = openQueue().open()
    const head = await headOf(store)
    await store.commit(head, () => draftOf('a:1'))
    const seen = tap()
    await store.commit(head, () => draftOf('a:2'))
    expect(seen.transactions).toHaveLength(2)
    expect(seen.requests).toEqual([
      'log.add',
      'meta.getAll',
      'log.getAll',
      'log.getAllKeys',
      'byes.getAllKeys',
      'log.add',
    ])
  })

  test('the durability asked for reaches the engine, and is strict where it is not known yet', async () => {
    const store = openQueue().open()
    const { log } = await headOf(store)
    const seen = tap()
    await store.commit({ log, seq: 0 }, () => draftOf('a:1', { durability: 'relaxed' }))
    await store.commit({ log, seq: 1 }, () => draftOf('a:2', { durability: 'strict' }))
    await store.commit({ log, seq: 2 }, () => draftOf('a:3', { durability: 'relaxed' }), { fresh: true })
    const relaxed = { fresh: true, relaxed: true }
    await store.commit({ log, seq: 3 }, () => draftOf('a:4', { durability: 'relaxed' }), relaxed)
    expect(seen.transactions.map(({ durability }) => durability)).toEqual([
      ...['relaxed', 'strict', 'strict', 'relaxed'],
    ])
  })

  test('a transaction is used before anything else can run', async () => {
    const store = openQueue().open()
    const head = await headOf(store)
    const seen = tap()
    const unused: string[] = []
    replaceMethod<IDBDatabase, [string | string[], ...unknown[]], IDBTransaction>(
      IDBDatabase.prototype,
      'transaction',
      (original, _self, args) => {
        const before = seen.requests.length
        queueMicrotask(() => seen.requests.length > before || unused.push(String(args[0])))
        return original(...args)
      },
    )
    await store.load()
    await store.read(head)
    await store.commit(head, () => draftOf('a:1', { put: [{ id: 'p', value: 1 }] }))
    await store.commit(head, () => draftOf('a:2'))
    await store.payload('p')
    await store.checkpoint({ ...head, seq: 1 }, [{ id: '0', body: 'page' }])
    await store.leave('worker')
    expect(unused).toEqual([])
  })

  test('a small entry alone is committed in one breath; a large one, or one that payloads change with, only once it was numbered well', async () => {
    const store = openQueue().open()
    const head = await headOf(store)
    const events: string[] = []
    replaceMethod<IDBObjectStore, [unknown], IDBRequest>(
      IDBObjectStore.prototype,
      'add',
      (original, _self, args) => {
        const request = original(...args)
        request.addEventListener('success', () => events.push(`add answered ${request.result}`))
        return request
      },
    )
    replaceMethod<IDBTransaction, [], void>(IDBTransaction.prototype, 'commit', (original) => {
      events.push('commit')
      original()
    })
    replaceMethod<IDBTransaction, [], void>(IDBTransaction.prototype, 'abort', (original) => {
      events.push('abort')
      original()
    })
    await store.commit(head, () => draftOf('a:1'))
    expect(events.splice(0)).toEqual(['commit', 'add answered 1'])
    // Too late, and read first then: another number. What is being committed cannot be given up any more.
    await store.commit(head, () => draftOf('a:2'))
    expect(events.splice(0)).toEqual(['commit', 'add answered 2', 'abort', 'commit', 'add answered 3'])
    const put = [{ id: 'p', value: 1 }]
    await store.commit(head, () => draftOf('a:3', { put }))
    expect(events.splice(0)).toEqual(['add answered 4', 'abort', 'add answered 4', 'commit'])
    await store.commit(head, () => draftOf('a:4', { put }), { fresh: true })
    expect(events.splice(0)).toEqual(['add answered 5', 'commit'])
    const body = 'x'.repeat(100_000)
    await store.commit({ ...head, seq: 5 }, () => ({ ...draftOf('a:5'), body }))
    expect(events.splice(0)).toEqual(['add answered 6', 'commit'])
    await store.commit({ ...head, seq: 6 }, () => ({ ...draftOf('a:6'), body: body.slice(1) }))
    expect(events).toEqual(['commit', 'add answered 7'])
    expect((await store.load()).entries.map(({ seq }) => seq)).toEqual([1, 3, 4, 5, 6, 7])
  })

  test('an open handle begins its bye before leave returns, with an explicit commit', async () => {
    const store = openQueue().open()
    await store.load()
    const seen = tap()
    let commits = 0
    replaceMethod<IDBTransaction, [], void>(IDBTransaction.prototype, 'commit', (original) => {
      commits += 1
      original()
    })
    const left = store.leave('worker')
    expect(seen.requests).toEqual(['byes.put'])
    expect(commits).toBe(1)
    await left
  })
}
