import { expect, test } from 'vitest'
import { memoryStore } from '../../src/store/memory.ts'
import { draftOf, entryOf, headOf } from '../../src/testing/conformance/bench.ts'
import { storeConformance } from '../../src/testing/conformance.ts'
import {
  type Fault,
  type FaultyMethod,
  type FaultyOperation,
  faultyStore,
} from '../../src/testing/faulty-store.ts'

// Without a plan it is a store like any other.
storeConformance({ test, factory: () => faultyStore(memoryStore()) })

/** A store whose first operation of this method has this fault, and whose others have none. */
function failing(method: FaultyMethod, fault: Fault) {
  const memory = memoryStore()
  const factory = faultyStore(memory, (operation) =>
    operation.method === method && operation.nth === 0 ? fault : undefined,
  )
  return { factory, store: factory('q'), honest: memory('q') }
}

/** Whether the promise is settled once everything that is ready has run. */
async function isSettled(doing: Promise<unknown>): Promise<boolean> {
  let settled = false
  const note = () => {
    settled = true
  }
  doing.then(note, note)
  await new Promise((resolve) => setTimeout(resolve))
  return settled
}

test('fail-before rejects and does nothing', async () => {
  const { store, honest } = failing('commit', { type: 'fail-before' })
  const head = await headOf(store)
  const failed = { code: 'store-failed', uncertain: false }
  await expect(store.commit(head, () => draftOf('a:1'))).rejects.toMatchObject(failed)
  expect(await headOf(honest)).toEqual(head)
})

test('lose-answer does it, and rejects as uncertain', async () => {
  const { store, honest } = failing('commit', { type: 'lose-answer' })
  const head = await headOf(store)
  const failed = { code: 'store-failed', uncertain: true }
  await expect(store.commit(head, () => draftOf('a:1'))).rejects.toMatchObject(failed)
  expect((await honest.load()).entries).toEqual([entryOf(1, 'a:1')])
})

test('quota refuses a commit whose draft is over, and nothing else', async () => {
  const memory = memoryStore()
  const store = faultyStore(memory, ({ method }) =>
    method === 'commit' ? { type: 'quota', over: ({ put }) => put !== undefined } : undefined,
  )('q')
  const head = await headOf(store)
  const put = [{ id: 'p', value: 1 }]
  await expect(store.commit(head, () => draftOf('a:1', { put }))).rejects.toMatchObject({
    code: 'quota-exceeded',
  })
  expect(await store.commit(head, () => draftOf('a:2'))).toBe(1)
  const { store: full } = failing('checkpoint', { type: 'quota' })
  await expect(full.checkpoint(head, [])).rejects.toMatchObject({ code: 'quota-exceeded' })
})

test('stall waits, and then does it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { store, honest } = failing('commit', { type: 'stall', until: promise })
  const head = await headOf(store)
  const committed = store.commit(head, () => draftOf('a:1'))
  expect(await isSettled(committed)).toBe(false)
  expect(await headOf(honest)).toEqual(head)
  resolve()
  expect(await committed).toBe(1)
})

test.each([
  ['before', 0],
  ['after', 1],
] as const)('crash %s: nothing of that handle is answered any more, others are', async (when, entries) => {
  const { factory, store, honest } = failing('commit', { type: 'crash', when })
  const head = await headOf(store)
  const unanswered = [store.commit(head, () => draftOf('a:1')), store.load(), store.close()]
  for (const call of unanswered) expect(await isSettled(call)).toBe(false)
  expect((await honest.load()).entries).toHaveLength(entries)
  expect(await factory('q').commit({ ...head, seq: entries }, () => draftOf('b:1'))).toBe(entries + 1)
})

test('a crashed handle gets no hints', async () => {
  const { factory, store, honest } = failing('load', { type: 'crash' })
  let crashed = 0
  let others = 0
  store.subscribe(() => {
    crashed += 1
  })
  factory('q').subscribe(() => {
    others += 1
  })
  expect(await isSettled(store.load())).toBe(false)
  await honest.leave('worker')
  await expect.poll(() => others).toBe(1)
  expect(crashed).toBe(0)
})

test('refuse lets another writer in first, and the commit decides again on that', async () => {
  const entry = { id: 'other:1', body: 'from another' }
  const { store } = failing('commit', { type: 'refuse', entry })
  const head = await headOf(store)
  const ids: string[][] = []
  const seq = await store.commit(head, ({ entries }) => {
    ids.push(entries.map(({ id }) => id))
    return draftOf('a:1')
  })
  expect(seq).toBe(2)
  expect(ids).toEqual([[], ['other:1']])
})

test.each([
  ['duplicate-hint', 2],
  ['drop-hint', 0],
] as const)('%s', async (type, expected) => {
  const memory = memoryStore()
  const factory = faultyStore(memory, ({ method }) => (method === 'hint' ? { type } : undefined))
  let hints = 0
  factory('q').subscribe(() => {
    hints += 1
  })
  await memory('q').leave('worker')
  await expect.poll(() => factory.counts.hint).toBe(1)
  expect(hints).toBe(expected)
})

test('every operation is counted, and shown to the plan with its place', async () => {
  const seen: FaultyOperation[] = []
  const factory = faultyStore(memoryStore(), (operation) => {
    seen.push(operation)
    return undefined
  })
  const [first, second] = [factory('q'), factory('r')]
  const head = await headOf(first)
  await second.load()
  await first.commit(head, () => draftOf('a:1'))
  await first.read(head)
  await first.payload('p')
  await first.checkpoint({ ...head, seq: 1 }, [])
  await first.close()
  expect(factory.counts).toMatchObject({
    load: 2,
    commit: 1,
    read: 1,
    payload: 1,
    checkpoint: 1,
    close: 1,
    hint: 0,
  })
  expect(seen.slice(0, 3)).toEqual([
    { method: 'load', name: 'q', handle: 0, index: 0, nth: 0 },
    { method: 'load', name: 'r', handle: 1, index: 1, nth: 1 },
    { method: 'commit', name: 'q', handle: 0, index: 2, nth: 0 },
  ])
})
