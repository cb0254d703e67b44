import 'fake-indexeddb/auto'
import { type IDBPObjectStore, openDB, unwrap, wrap } from 'idb'
import { expect, onTestFinished, test } from 'vitest'
import {
  createQueue,
  createQueueStores,
  defineTasks,
  indexedDbStore,
  memoryStore,
  QueueError,
  type StoreFactory,
  type Transaction,
  task,
} from '../../../src/index.ts'
import type { CommonOptions } from '../../../src/queue/options.ts'
import { type Fault, faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, turns, until } from './bench.ts'

const handlers = { upload: (_: { id: string }) => 'uploaded', note: (_: { text: string }) => 'noted' }

type Photos = IDBPObjectStore<unknown, ['photos'], 'photos', 'readwrite'>

/** The application's own object store, as idb has it. */
const photosIn = (tx: Transaction): Photos => wrap(tx.store('photos')) as unknown as Photos

let databases = 0

/** An application's database with rows of its own, and whoever else looks at it. */
async function openApplication() {
  databases += 1
  const db = await openDB(`application-${databases}`, 1, {
    upgrade(opening) {
      opening.createObjectStore('photos', { keyPath: 'id' })
      createQueueStores(opening, 'mail')
    },
  })
  onTestFinished(() => db.close())
  const rows = async () => (await db.getAll('photos')).map(({ id }) => String(id))
  return { db, rows, store: indexedDbStore({ db }) }
}

/** A queue in an application's database, and a second context of it. */
async function openBoth(wrapped: (store: StoreFactory) => StoreFactory = (store) => store) {
  const { db, rows, store } = await openApplication()
  const { clock, given, keep } = bench(wrapped(store))
  const open = (more?: Partial<CommonOptions>) => keep(createQueue({ ...given(more), handlers }))
  return { db, rows, clock, open, queue: open(), other: keep(createQueue({ ...given({ store }), handlers })) }
}

type Both = Awaited<ReturnType<typeof openBoth>>

/** That neither row nor job was kept, as whoever opens the database next sees it, and that the queue goes on. */
async function expectNothing({ rows, queue, other }: Both): Promise<void> {
  expect(await rows()).toEqual([])
  expect((await other.list()).jobs).toEqual([])
  const { id } = await queue.enqueue('note', { text: 'after' })
  expect((await queue.list()).jobs.map((job) => job.id)).toEqual([id])
}

test('row and job are committed together, and the answer tells what became of both', async () => {
  const { queue, other, rows } = await openBoth()
  const { result, enqueued } = await queue.transact(['photos'], (tx) => {
    tx.store('photos').put({ id: 'p1' })
    return tx.enqueue('upload', { id: 'p1' }, { key: 'p1' })
  })
  expect(enqueued).toEqual([{ id: result, outcome: 'created', durable: true }])
  expect(await rows()).toEqual(['p1'])
  for (const each of [queue, other]) {
    expect(await each.get(result)).toMatchObject({ kind: 'upload', state: 'pending', key: 'p1' })
  }
})

test('what idb wraps takes part: rows are read and written before the job is decided on', async () => {
  const { queue, rows } = await openBoth()
  const { result, enqueued } = await queue.transact(['photos'], async (tx) => {
    const photos = photosIn(tx)
    await photos.put({ id: 'p1' })
    await photos.put({ id: 'p2' })
    const all = await photos.getAllKeys()
    for (const id of all) tx.enqueue('upload', { id: String(id) })
    return all.length
  })
  expect([result, enqueued.length, await rows()]).toEqual([2, 2, ['p1', 'p2']])
})

test('a large payload is put beside the log in the same transaction, as it was when it was given', async () => {
  const { queue, other } = await openBoth()
  const payload = { text: 'x'.repeat(10_000) }
  const { result } = await queue.transact(['photos'], async (tx) => {
    const id = tx.enqueue('note', payload)
    payload.text = 'changed'
    await photosIn(tx).put({ id: 'p1' })
    return id
  })
  expect(await other.payload(result)).toEqual({ text: 'x'.repeat(10_000) })
})

test('a dedupe key that is taken is told, and the row is committed', async () => {
  const { queue, rows } = await openBoth()
  const first = await queue.enqueue('upload', { id: 'p1' }, { dedupeKey: 'p1' })
  const { result, enqueued } = await queue.transact(['photos'], (tx) => {
    tx.store('photos').put({ id: 'p1' })
    return tx.enqueue('upload', { id: 'p1' }, { dedupeKey: 'p1' })
  })
  expect(enqueued).toEqual([{ id: first.id, outcome: 'duplicate', durable: true }])
  expect(result).not.toBe(first.id)
  expect(await rows()).toEqual(['p1'])
})

test('work that enqueues nothing is committed all the same', async () => {
  const { queue, rows } = await openBoth()
  const done = await queue.transact(['photos'], (tx) => void tx.store('photos').put({ id: 'p1' }))
  expect(done).toEqual({ result: undefined, enqueued: [] })
  expect(await rows()).toEqual(['p1'])
})

const refusals: [string, Partial<CommonOptions>, (tx: Parameters<Work>[0]) => unknown, object][] = [
  ['work that throws', {}, () => Promise.reject(new Error('no')), { message: 'no' }],
  [
    'a row that is there already',
    {},
    async (tx) => {
      await photosIn(tx).add({ id: 'p1' })
    },
    { name: 'ConstraintError' },
  ],
  [
    'a row that is there already, and nobody waits for',
    {},
    (tx) => void tx.store('photos').add({ id: 'p1' }),
    { code: 'store-failed', cause: { name: 'ConstraintError' } },
  ],
  ['an abort', {}, (tx) => tx.transaction.abort(), { code: 'store-failed' }],
  ['a commit of its own', {}, (tx) => tx.transaction.commit(), { name: 'TypeError' }],
  [
    'a full backlog',
    { limits: { maxPending: 1 } },
    (tx) => void tx.enqueue('note', { text: 'one more' }),
    { code: 'backlog-full' },
  ],
  [
    'a payload that is too large',
    { limits: { maxPayloadBytes: 100 } },
    (tx) => void tx.enqueue('note', { text: 'x'.repeat(1_000) }),
    { code: 'payload-too-large' },
  ],
  [
    'an unknown option',
    {},
    (tx) => void tx.enqueue('note', { text: '' }, { delay: 1 } as object),
    { name: 'TypeError' },
  ],
  ['an object store that was not named', {}, (tx) => void tx.store('albums'), { name: 'NotFoundError' }],
  // Whatever other queues say is no news of this one.
  [
    'an error of another queue',
    {},
    () => Promise.reject(new QueueError('version-ahead', 'newer')),
    { code: 'version-ahead' },
  ],
]

type Work = Parameters<Both['queue']['transact']>[1]

test.each(refusals)('%s undoes row and job', async (_what, more, spoil, error) => {
  const { open, ...both } = await openBoth()
  const queue = open(more)
  const done = queue.transact(['photos'], async (tx) => {
    tx.enqueue('upload', { id: 'p1' })
    await photosIn(tx).put({ id: 'p1' })
    await spoil(tx)
  })
  await expect(done).rejects.toMatchObject(error)
  await expectNothing({ ...both, open, queue })
})

test('a payload that its schema refuses, however late, undoes row and job', async () => {
  const { db, rows } = await openApplication()
  const { given, keep } = bench(indexedDbStore({ db }))
  const input = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      async validate() {
        await turns(2)
        return { issues: [{ message: 'too blurred' }] }
      },
    },
  }
  const queue = keep(createQueue({ ...given(), tasks: defineTasks({ upload: task({ input }) }) }))
  const done = queue.transact(['photos'], async (tx) => {
    tx.store('photos').put({ id: 'p1' })
    tx.enqueue('upload', undefined as never)
    // Longer than the schema takes.
    for (let index = 0; index < 10; index++) await photosIn(tx).get('p1')
  })
  await expect(done).rejects.toMatchObject({ code: 'payload-invalid' })
  expect(await rows()).toEqual([])
})

test('work that waits for something else keeps neither row nor job, and is told why', async () => {
  const both = await openBoth()
  const { queue, clock } = both
  await queue.info()
  const never = Promise.withResolvers<undefined>()
  let late: unknown
  const done = queue.transact(['photos'], async (tx) => {
    tx.enqueue('upload', { id: 'p1' })
    await photosIn(tx).put({ id: 'p1' })
    await never.promise
    try {
      tx.enqueue('upload', { id: 'p2' })
    } catch (error) {
      late = error
    }
  })
  let error: unknown
  done.catch((reason: unknown) => {
    error = reason
  })
  const begun = clock.monotonic()
  await until(async () => {
    clock.advance(50)
    await turns(4)
    return error !== undefined
  })
  expect(clock.monotonic() - begun).toBeGreaterThanOrEqual(5_000)
  expect(error).toMatchObject({
    code: 'timeout',
    message: expect.stringMatching(/such as a fetch, a timer, or another method of the queue, for 5 seconds/),
  })
  never.resolve(undefined)
  await until(() => late !== undefined)
  expect(late).toMatchObject({ name: 'TypeError' })
  await expectNothing(both)
})

test('work may take longer than that while it is at work, and while nothing runs at all', async () => {
  const { queue, clock, rows } = await openBoth()
  await queue.info()
  await queue.transact(['photos'], async (tx) => {
    const photos = photosIn(tx)
    for (let index = 0; index < 10; index++) {
      // As of a page that was frozen.
      clock.advance(60_000)
      await photos.put({ id: `p${index}` })
    }
    tx.enqueue('upload', { id: 'p1' })
  })
  expect((await rows()).length).toBe(10)
})

test('two contexts that transact at once come one after the other, and both decide on the truth', async () => {
  const { queue, other, rows } = await openBoth()
  const add = (target: typeof queue, id: string) =>
    target.transact(['photos'], async (tx) => {
      const count = await photosIn(tx).count()
      await photosIn(tx).put({ id })
      tx.enqueue('upload', { id }, { dedupeKey: 'the only one' })
      return count
    })
  const others = Array.from({ length: 5 }, (_, index) => other.enqueue('note', { text: String(index) }))
  const done = await Promise.all([add(queue, 'p1'), add(other, 'p2'), add(queue, 'p3'), ...others])
  const [one, two, three] = done.slice(0, 3) as Awaited<ReturnType<typeof add>>[]
  expect([one?.result, two?.result, three?.result].toSorted()).toEqual([0, 1, 2])
  const outcomes = [one, two, three].map((each) => each?.enqueued[0]?.outcome)
  expect(outcomes.toSorted()).toEqual(['created', 'duplicate', 'duplicate'])
  expect(await rows()).toEqual(['p1', 'p2', 'p3'])
  await queue.list()
  expect((await queue.list()).jobs).toHaveLength(6)
})

test('what waits in this context is committed before and after, not in between', async () => {
  const { queue } = await openBoth()
  const order: string[] = []
  const note = (name: string) => () => void order.push(name)
  await Promise.all([
    queue.enqueue('note', { text: 'before' }).then(note('before')),
    queue.transact(['photos'], (tx) => tx.enqueue('upload', { id: 'p1' })).then(note('transact')),
    queue.enqueue('note', { text: 'after' }).then(note('after')),
  ])
  expect(order).toEqual(['before', 'transact', 'after'])
  const { jobs } = await queue.list()
  expect(jobs.map((job) => job.kind)).toEqual(['note', 'upload', 'note'])
})

test('a job that comes in with a row is run by a started queue', async () => {
  const { queue } = await openBoth()
  await queue.start()
  const { result } = await queue.transact(['photos'], (tx) => tx.enqueue('upload', { id: 'p1' }))
  expect(await queue.result(result)).toBe('uploaded')
})

/** A store of which the first commit after it is armed has this fault. */
function armed(fault: Fault) {
  let isArmed = false
  const wrapped = (store: StoreFactory) =>
    faultyStore(store, ({ method }) => {
      if (!isArmed || method !== 'commit') return undefined
      isArmed = false
      return fault
    })
  return {
    wrapped,
    arm: () => {
      isArmed = true
    },
  }
}

test('a commit whose answer was lost is looked up, and the work is not done twice', async () => {
  const { wrapped, arm } = armed({ type: 'lose-answer' })
  const { queue, other, rows, clock } = await openBoth(wrapped)
  await queue.info()
  arm()
  let times = 0
  const done = queue.transact(['photos'], (tx) => {
    times += 1
    tx.store('photos').put({ id: 'p1' })
    return tx.enqueue('upload', { id: 'p1' })
  })
  await until(() => clock.timers > 0)
  await turns()
  clock.advance(1_000)
  const { result, enqueued } = await done
  expect(enqueued).toEqual([{ id: result, outcome: 'created', durable: true }])
  expect([times, await rows()]).toEqual([1, ['p1']])
  expect((await other.list()).jobs).toHaveLength(1)
})

test('work that enqueues nothing is looked up, too', async () => {
  const { wrapped, arm } = armed({ type: 'lose-answer' })
  const { queue, rows, clock } = await openBoth(wrapped)
  await queue.info()
  arm()
  const done = queue.transact(['photos'], (tx) => void tx.store('photos').put({ id: 'p1' }))
  await until(() => clock.timers > 0)
  await turns()
  clock.advance(1_000)
  expect(await done).toEqual({ result: undefined, enqueued: [] })
  expect(await rows()).toEqual(['p1'])
})

test('a transaction lost after its work is over is rejected for sure, and the work is not done twice', async () => {
  const { db, ...both } = await openBoth()
  const { queue, clock } = both
  await queue.info()
  const { commit } = IDBTransaction.prototype
  onTestFinished(() => void Object.assign(IDBTransaction.prototype, { commit }))
  let times = 0
  const done = queue.transact(['photos'], async (tx) => {
    times += 1
    await photosIn(tx).put({ id: 'p1' })
    tx.enqueue('upload', { id: 'p1' })
    // The engine fails at the very end.
    IDBTransaction.prototype.commit = function () {
      IDBTransaction.prototype.commit = commit
      this.abort()
    }
  })
  done.catch(() => undefined)
  await until(() => times === 1)
  await turns()
  clock.advance(1_000)
  await expect(done).rejects.toMatchObject({ code: 'store-failed', uncertain: false })
  expect(times).toBe(1)
  await expectNothing({ db, ...both })
})

test('before its work a transaction that fails is tried again', async () => {
  const { wrapped, arm } = armed({ type: 'fail-before' })
  const { queue, rows, clock } = await openBoth(wrapped)
  await queue.info()
  arm()
  const done = queue.transact(['photos'], (tx) => {
    tx.store('photos').put({ id: 'p1' })
    tx.enqueue('upload', { id: 'p1' })
  })
  await until(() => clock.timers > 0)
  await turns()
  clock.advance(1_000)
  expect((await done).enqueued).toHaveLength(1)
  expect(await rows()).toEqual(['p1'])
})

test('a full origin refuses row and job together', async () => {
  const { wrapped, arm } = armed({ type: 'quota' })
  const both = await openBoth(wrapped)
  await both.queue.info()
  arm()
  const done = both.queue.transact(['photos'], (tx) => {
    tx.store('photos').put({ id: 'p1' })
    tx.enqueue('upload', { id: 'p1' })
  })
  await expect(done).rejects.toMatchObject({ code: 'quota-exceeded' })
  await expectNothing(both)
})

test('a queue that was left behind reads anew before its work, which is done once', async () => {
  const { queue, other, rows } = await openBoth()
  await queue.info()
  // Past what the other keeps of the log.
  for (let round = 0; round < 12; round++) {
    const items = Array.from({ length: 100 }, () => ({ kind: 'note' as const, payload: { text: '' } }))
    await other.enqueueAll(items)
  }
  let times = 0
  const { enqueued } = await queue.transact(['photos'], (tx) => {
    times += 1
    tx.store('photos').put({ id: 'p1' })
    tx.enqueue('upload', { id: 'p1' })
  })
  expect([times, enqueued.length, await rows()]).toEqual([1, 1, ['p1']])
  expect((await queue.info()).counts.pending).toBe(1_201)
})

test('a queue destroyed by another context is begun anew by the next transaction', async () => {
  const { queue, other, rows } = await openBoth()
  await queue.enqueue('note', { text: 'gone' })
  await other.destroy({ force: true })
  const { result } = await queue.transact(['photos'], (tx) => {
    tx.store('photos').put({ id: 'p1' })
    return tx.enqueue('upload', { id: 'p1' })
  })
  expect((await queue.list()).jobs.map((job) => job.id)).toEqual([result])
  expect(await rows()).toEqual(['p1'])
})

test('close waits for the work under way; what has not begun is rejected, and not begun', async () => {
  const { queue, rows } = await openBoth()
  await queue.info()
  const begun = Promise.withResolvers<undefined>()
  const first = queue.transact(['photos'], async (tx) => {
    begun.resolve(undefined)
    for (let index = 0; index < 5; index++) await photosIn(tx).put({ id: `p${index}` })
    tx.enqueue('upload', { id: 'p1' })
  })
  let isBegun = false
  const second = queue.transact([], () => {
    isBegun = true
  })
  const refused = expect(second).rejects.toMatchObject({ code: 'closed' })
  await begun.promise
  await queue.close()
  expect((await first).enqueued).toHaveLength(1)
  await refused
  expect([isBegun, (await rows()).length]).toEqual([false, 5])
  await expect(queue.transact([], () => undefined)).rejects.toMatchObject({ code: 'closed' })
})

test('a connection that the application closed under the queue is asked for again', async () => {
  const { db, rows } = await openApplication()
  let current = db
  const reopen = async () => {
    current = await openDB(db.name, 1)
    onTestFinished(() => current.close())
  }
  const { given, keep } = bench(indexedDbStore({ db: () => current }))
  const queue = keep(createQueue({ ...given(), handlers }))
  await queue.info()
  db.close()
  await expect(queue.transact(['photos'], () => undefined)).rejects.toMatchObject({
    code: 'store-unavailable',
    message: expect.stringContaining('give db as a function that opens another'),
  })
  await reopen()
  await queue.transact(['photos'], (tx) => {
    tx.store('photos').put({ id: 'p1' })
    tx.enqueue('upload', { id: 'p1' })
  })
  expect(await (await openDB(db.name)).getAllKeys('photos')).toEqual(['p1'])
  expect((await queue.list()).jobs).toHaveLength(1)
  await expect(rows()).rejects.toMatchObject({ name: 'InvalidStateError' })
})

test('where the application’s data is not in the store, that is said, and nothing is done', async () => {
  for (const store of [memoryStore(), indexedDbStore()]) {
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given({ store }), handlers }))
    let isBegun = false
    const done = queue.transact(['photos'], () => {
      isBegun = true
    })
    await expect(done).rejects.toThrow(
      /Cannot transact in the store \w+:.*mail: .*use|keep the queue in its database, with indexedDbStore/,
    )
    await expect(done).rejects.toThrow(TypeError)
    expect(isBegun).toBe(false)
  }
})

test('misuse is refused, and says what was expected', async () => {
  const { queue, rows } = await openBoth()
  const cases: [unknown, unknown, string][] = [
    ['photos', () => undefined, 'an array'],
    [[''], () => undefined, 'text that is not empty'],
    [['photos'], undefined, 'a function'],
    [['albums'], () => undefined, 'albums'],
  ]
  for (const [names, work, what] of cases) {
    const done = queue.transact(names as string[], work as Work)
    await expect(done).rejects.toThrow(TypeError)
    await expect(done).rejects.toThrow(what)
  }
  expect(await rows()).toEqual([])
})

test('the raw transaction is given', async () => {
  const { queue, db } = await openBoth()
  const { result } = await queue.transact(['photos'], (tx) => [
    tx.transaction instanceof IDBTransaction,
    tx.transaction.db === unwrap(db),
    tx.transaction.mode,
    tx.transaction.durability,
  ])
  expect(result).toEqual([true, true, 'readwrite', 'strict'])
})
