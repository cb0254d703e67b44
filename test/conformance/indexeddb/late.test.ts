import 'fake-indexeddb/auto'
import { forceCloseDatabase } from 'fake-indexeddb'
import { expect, test } from 'vitest'
import { draftOf, headOf } from '../../../src/testing/conformance/bench.ts'
import { openQueue } from './queue.ts'
import { replaceMethod } from './tap.ts'

test('an entry that came too late, and whose answer was lost as well, is uncertain, and read by nobody', async () => {
  const { open } = openQueue()
  const [store, other] = [open(), open()]
  const head = await headOf(store)
  await other.commit(head, () => draftOf('b:1'))
  let sent: IDBDatabase | undefined
  const answers = replaceMethod<IDBTransaction, [], void>(
    IDBTransaction.prototype,
    'commit',
    (original, self) => {
      original()
      sent = self.db
      // Whoever listens next, which is the store, hears nothing.
      self.addEventListener = () => void Reflect.deleteProperty(self, 'addEventListener')
    },
  )
  const numbers = replaceMethod<IDBObjectStore, [unknown], IDBRequest>(
    IDBObjectStore.prototype,
    'add',
    (original, _self, args) => unheard(original(...args)),
  )
  const lost = expect(store.commit(head, () => draftOf('a:1'))).rejects.toMatchObject({
    code: 'store-failed',
    uncertain: true,
  })
  await expect.poll(() => sent).toBeDefined()
  // It is in by then.
  await other.read(head)
  forceCloseDatabase(sent as never)
  await lost
  answers.restore()
  numbers.restore()
  expect((await store.read(head)).entries.map(({ id }) => id)).toEqual(['b:1'])
  expect(await store.commit({ ...head, seq: 1 }, () => draftOf('a:2'))).toBe(4)
  expect((await open().load()).entries.map(({ id, seq }) => [seq, id])).toEqual([
    [1, 'b:1'],
    [4, 'a:2'],
  ])
})

/** A request whose success nobody is told of. */
function unheard(request: IDBRequest): IDBRequest {
  return Object.defineProperty(request, 'onsuccess', { set: () => undefined })
}
