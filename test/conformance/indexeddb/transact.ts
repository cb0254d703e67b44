import { createQueue, createQueueStores, indexedDbStore, isQueueError, type Transaction } from 'holdfast'
import { expect, onTestFinished, test } from 'vitest'
import { refuseBlobs } from './failures.ts'
import { answered } from './queue.ts'

let applications = 0

/** An application's database with a queue in it, and what is in both, as whoever opens them next finds it. */
async function openApplication() {
  applications += 1
  const opening = indexedDB.open(`rows-and-jobs-${applications}-${crypto.randomUUID()}`)
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore('rows')
    createQueueStores(opening.result, 'jobs')
  }
  const db = await answered(opening)
  onTestFinished(() => {
    db.close()
    indexedDB.deleteDatabase(db.name)
  })
  const open = () => {
    const queue = createQueue({
      name: 'jobs',
      store: indexedDbStore({ db, databaseName: db.name }),
      handlers: { upload: (_: { row: string; file?: Blob }) => 'uploaded' },
    })
    onTestFinished(() => queue.close())
    return queue
  }
  const look = async () => {
    const rows = await answered(db.transaction('rows').objectStore('rows').getAllKeys())
    const { jobs } = await open().list()
    return { rows: rows.map(String), jobs: jobs.length }
  }
  const queue = open()
  /** A row and its job, with something else in between. */
  const add = (row: string, between: (tx: Transaction) => unknown = () => undefined) =>
    queue.transact(['rows'], async (tx) => {
      await answered(tx.store('rows').put({ row }, row))
      await between(tx)
      tx.enqueue('upload', { row })
    })
  return { queue, open, look, add }
}

const nothing = { rows: [], jobs: 0 }

/** What `transact` promises, in any engine. */
export function transactCases(): void {
  test('row and job are committed together', async () => {
    const { add, look } = await openApplication()
    const { enqueued } = await add('a')
    expect(enqueued).toMatchObject([{ outcome: 'created', durable: true }])
    expect(await look()).toEqual({ rows: ['a'], jobs: 1 })
  })

  test('where Blobs cannot be stored a job with one rejects, and neither is kept', async () => {
    const { queue, look } = await openApplication()
    await queue.info()
    const refused = refuseBlobs()
    const joined = queue.transact(['rows'], async (tx) => {
      await answered(tx.store('rows').put({ row: 'a' }, 'a'))
      tx.enqueue('upload', { row: 'a', file: new Blob(['a']) })
    })
    await expect(joined).rejects.toMatchObject({ code: 'store-failed', uncertain: false })
    expect(refused()).toBe(1)
    expect(await look()).toEqual(nothing)
  })

  test('rows read and written one after another, and the promises between them, keep one transaction', async () => {
    const { queue, look } = await openApplication()
    await queue.transact(['rows'], async (tx) => {
      for (let row = 0; row < 20; row++) {
        await answered(tx.store('rows').put(row, String(row)))
        await Promise.resolve()
        expect(await answered(tx.store('rows').count())).toBe(row + 1)
        tx.enqueue('upload', { row: String(row) })
      }
    })
    expect(await look()).toMatchObject({ jobs: 20 })
  })

  test('what the work throws undoes both, and is what its caller gets', async () => {
    const { add, look } = await openApplication()
    const thrown = new Error('no')
    const reason = await add('a', () => Promise.reject(thrown)).catch((error: unknown) => error)
    expect(reason).toBe(thrown)
    expect(await look()).toEqual(nothing)
  })

  test('a request that fails undoes both; one whose failure is heeded does not', async () => {
    const { add, look } = await openApplication()
    const again = (tx: Transaction) => tx.store('rows').add({}, 'a')
    const reason = await add('a', (tx) => void again(tx)).catch((error: unknown) => error)
    expect(isQueueError(reason, 'store-failed')).toBe(true)
    expect(await look()).toEqual(nothing)
    await add('a', (tx) => {
      again(tx).onerror = (event) => {
        event.preventDefault()
        event.stopPropagation()
      }
    })
    expect(await look()).toEqual({ rows: ['a'], jobs: 1 })
  })

  test('an abort undoes both, and so does an attempt to commit', async () => {
    const { add, look } = await openApplication()
    for (const spoil of [
      (tx: Transaction) => tx.transaction.abort(),
      (tx: Transaction) => tx.transaction.commit(),
    ]) {
      const ended = await add('a', spoil).then(
        () => 'done',
        () => 'rejected',
      )
      expect(ended).toBe('rejected')
    }
    expect(await look()).toEqual(nothing)
  })

  test('work that waits a while for something else keeps both; for long, neither', async () => {
    const { add, look } = await openApplication()
    await add('a', () => new Promise((resolve) => setTimeout(resolve, 300)))
    expect(await look()).toEqual({ rows: ['a'], jobs: 1 })
    const reason = await add('b', () => new Promise(() => undefined)).catch((error: unknown) => error)
    expect(isQueueError(reason, 'timeout')).toBe(true)
    expect(await look()).toEqual({ rows: ['a'], jobs: 1 })
  })

  test('two handles that transact and enqueue at once keep every row with its job', async () => {
    const { queue, open, look } = await openApplication()
    const all = [queue, open()].flatMap((each, handle) =>
      Array.from({ length: 10 }, async (_, count) => {
        const row = `${handle}-${count}`
        await each.transact(['rows'], (tx) => {
          tx.store('rows').put({}, row)
          tx.enqueue('upload', { row })
        })
        await each.enqueue('upload', { row })
      }),
    )
    await Promise.all(all)
    const { rows, jobs } = await look()
    expect([rows.length, jobs]).toEqual([20, 40])
  })

  test('a queue destroyed beside its rows leaves them, and begins anew', async () => {
    const { queue, open, add, look } = await openApplication()
    await add('a')
    await open().destroy({ force: true })
    expect(await look()).toEqual({ rows: ['a'], jobs: 0 })
    await add('b')
    expect(await look()).toEqual({ rows: ['a', 'b'], jobs: 1 })
    await queue.close()
  })
}
