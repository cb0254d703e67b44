import 'fake-indexeddb/auto'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { draftOf, headOf } from '../../../src/testing/conformance/bench.ts'
import { answered, openQueue } from './queue.ts'
import { replaceMethod } from './tap.ts'

/** A page that can be frozen: elsewhere the store does not listen for it. */
const page = new EventTarget()
Object.assign(globalThis, {
  document: new EventTarget(),
  addEventListener: page.addEventListener.bind(page),
  removeEventListener: page.removeEventListener.bind(page),
})

const tell = (what: 'freeze' | 'resume'): void => void document.dispatchEvent(new Event(what))
const goesAway = {
  'is frozen': () => tell('freeze'),
  'is left for another page': () => void page.dispatchEvent(new Event('pagehide')),
}

test.each([0, 1, 2, 3, 5, 8])(
  'a read under way when its page is frozen is made again after it, %i steps on',
  async (steps) => {
    const store = openQueue().open()
    const head = await headOf(store)
    await store.commit(head, () => draftOf('a:1', { put: [{ id: 'p', value: 'large' }] }))
    const reading = Promise.all([store.payload('p'), store.read(head), store.load()])
    for (let step = 0; step < steps; step += 1) await Promise.resolve()
    tell('freeze')
    tell('resume')
    const [payload, { entries }, loaded] = await reading
    expect(payload).toBe('large')
    expect(entries).toHaveLength(1)
    expect(loaded.entries).toHaveLength(1)
  },
)

test('a page that is frozen while it reads begins nothing before it is back', async () => {
  const store = openQueue().open()
  await headOf(store)
  let begun = 0
  replaceMethod<IDBDatabase, unknown[], IDBTransaction>(
    IDBDatabase.prototype,
    'transaction',
    (original, _self, args) => {
      begun += 1
      return original(...args)
    },
  )
  const reading = store.load()
  tell('freeze')
  const { databaseName } = openQueue()
  // Long enough for the abort to be told.
  await answered(indexedDB.deleteDatabase(databaseName))
  expect(begun).toBe(1)
  tell('resume')
  expect((await reading).entries).toEqual([])
})

describe.each(Object.entries(goesAway))('a write under way when its page %s', (_, go) => {
  it.each([0, 1, 2, 3, 5, 8])(
    'is given up, so that nobody has to wait for it, %i steps on',
    async (steps) => {
      onTestFinished(() => tell('resume'))
      const { open, databaseName } = openQueue()
      const store = open()
      const head = await headOf(store)
      const other = await answered(indexedDB.open(databaseName))
      onTestFinished(() => other.close())
      const writing = store.commit(head, () => draftOf('a:1', { put: [{ id: 'p', value: 'large' }] }))
      const outcome = writing.catch((error: unknown) => error)
      for (let step = 0; step < steps; step += 1) await Promise.resolve()
      go()
      // Behind it in the line: what is given up is not there, and nobody waits for its page to come back.
      const log = other.transaction(['log', 'payloads'], 'readwrite').objectStore('log')
      expect(await answered(log.count())).toBe(0)
      tell('resume')
      expect(await outcome).toMatchObject({ code: 'store-failed', uncertain: false })
      expect(await store.commit(head, () => draftOf('a:1'))).toBe(1)
    },
  )
})

test('a connection that is opened into a freeze is let go, and the call waits for another', async () => {
  const store = openQueue().open()
  const opened = { count: 0, closed: 0 }
  const live = new Set<IDBDatabase>()
  replaceMethod<IDBFactory, unknown[], IDBOpenDBRequest>(
    IDBFactory.prototype,
    'open',
    (original, _, args) => {
      const request = original(...args)
      request.addEventListener('success', () => {
        opened.count += 1
        if (opened.count === 1) tell('freeze')
        live.add(request.result)
      })
      return request
    },
  )
  replaceMethod<IDBDatabase, [], void>(IDBDatabase.prototype, 'close', (original, self) => {
    if (live.delete(self)) opened.closed += 1
    original()
  })
  const loading = store.load()
  await expect.poll(() => opened).toEqual({ count: 1, closed: 1 })
  tell('resume')
  expect((await loading).entries).toEqual([])
  expect(opened.count).toBe(2)
})
