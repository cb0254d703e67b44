import { deepEqual, equal, ok } from 'node:assert/strict'
import { type Tab, until } from '../engine.ts'
import { type Bench, type Cases, counted, statesOf, storeOf } from './bench.ts'

/** What the storage under a queue may do, as the queue's user sees it. */
export const faultCases: Cases = {
  'a connection that dies is opened again, and nobody notices': async ({ open }) => {
    const page = await open()
    const seen = await page.evaluate(async () => {
      const { transaction } = IDBDatabase.prototype
      const used: IDBDatabase[] = []
      IDBDatabase.prototype.transaction = function (...given) {
        used.push(this)
        return transaction.apply(this, given)
      }
      const { queue } = lab
      await queue.start()
      const results: unknown[] = []
      for (const job of ['one', 'two', 'three']) {
        const { id } = await queue.enqueue('echo', job)
        results.push(await queue.result<'echo'>(id))
        used.at(-1)?.close()
      }
      const connections = new Set(used).size
      return { results, connections, state: (await queue.info()).store.state }
    })
    deepEqual(seen.results, ['one', 'two', 'three'])
    ok(seen.connections >= 3, `${seen.connections} connections`)
    equal(seen.state, 'opened')
    deepEqual(await storeOf(page), [{ state: 'opened' }])
  },

  'a connection that is cut under a read is opened again, and nobody notices; under a write that is told, and it commits once':
    async ({ open }) => {
      const [page, other] = [await open(), await open()]
      const seen = await page.evaluate(async () => {
        const { queue } = lab
        const { id } = await queue.enqueue('echo', 'x'.repeat(2_000))
        const cut = (transaction: IDBTransaction) => {
          const { db } = transaction
          transaction.abort()
          db.close()
          // As where the browser closes it: what is under way is aborted, then this is told.
          db.dispatchEvent(new Event('close'))
        }

        const ofDatabase = IDBDatabase.prototype
        const { transaction } = ofDatabase
        let reads = 0
        ofDatabase.transaction = function (...given) {
          const begun = transaction.apply(this, given)
          if (!String(given[0]).includes('payloads')) return begun
          if (++reads === 1) queueMicrotask(() => cut(begun))
          return begun
        }
        const payload = await queue.payload(id)
        ofDatabase.transaction = transaction
        const stored = (await queue.info()).store.state

        const ofTransaction = IDBTransaction.prototype
        const { commit } = ofTransaction
        ofTransaction.commit = function () {
          ofTransaction.commit = commit
          cut(this)
        }
        const second = await queue.enqueue('echo', 'written')
        return { reads, length: String(payload).length, stored, ids: [id, second.id] }
      })
      const { ids, ...rest } = seen
      deepEqual(rest, { reads: 2, length: 2_000, stored: 'opened' })
      deepEqual(statesOf(await storeOf(page)), ['opened', 'failing', 'recovered'])
      const { jobs } = await other.evaluate(() => lab.queue.list())
      deepEqual(
        jobs.map((job) => job.id),
        ids,
      )
    },

  'a database that is deleted under open pages is made anew, and each page is told that its jobs are gone': (
    bench,
  ) =>
    loseEverything(bench, (page) =>
      page.evaluate(
        () =>
          new Promise<void>((resolve, reject) => {
            const request = indexedDB.deleteDatabase(`holdfast:${lab.queue.name}`)
            request.onsuccess = () => resolve()
            request.onerror = () => reject(request.error)
          }),
      ),
    ),

  'site data that is cleared under open pages is begun anew, and each page is told that its jobs are gone': (
    bench,
  ) =>
    loseEverything(bench, (page) =>
      page.evaluate(async () => void (await fetch('/clear-site-data', { method: 'POST' }))),
    ),

  'a transaction that aborts although its requests succeeded is tried again, and commits once; where each aborts, calls say that nothing was kept, and reads go on':
    async ({ open }) => {
      const [page, other] = [await open(), await open()]
      const seen = await page.evaluate(async () => {
        const { queue } = lab
        await queue.info()
        const { prototype } = IDBTransaction
        const { commit } = prototype
        prototype.commit = function () {
          prototype.commit = commit
          this.abort()
        }
        const once = await queue.enqueue('echo', 'once')
        const stored = (await queue.info()).store.state

        prototype.commit = function () {
          this.abort()
        }
        const code = await queue.enqueue('echo', 'refused').then(
          () => 'taken',
          (error: unknown) => (lab.holdfast.isQueueError(error) ? error.code : String(error)),
        )
        const { store, counts } = await queue.info()
        const found = (await queue.get(once.id))?.state
        prototype.commit = commit
        const again = await queue.enqueue('echo', 'again')
        return { stored, code, state: store.state, pending: counts.pending, found, ids: [once.id, again.id] }
      })
      const { ids, ...rest } = seen
      const during = { code: 'store-failed', state: 'failing', pending: 1, found: 'pending' }
      deepEqual(rest, { stored: 'recovered', ...during })
      const states = statesOf(await storeOf(page))
      deepEqual(states.slice(0, 3), ['opened', 'failing', 'recovered'])
      equal(states.at(-1), 'recovered')
      const { jobs } = await other.evaluate(() => lab.queue.list())
      deepEqual(
        jobs.map(({ id }) => id),
        ids,
      )
    },

  'a transaction that another page keeps open holds up writes, which is told, and no reads': async ({
    open,
    name,
  }) => {
    const [page, holder] = [await open(), await open()]
    await page.evaluate(async (queue) => {
      await lab.openTimed(queue).enqueue('echo', 'before')
    }, name)
    await holder.evaluate(async () => {
      const db = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open(`holdfast:${lab.queue.name}`)
        request.onsuccess = () => resolve(request.result)
      })
      const log = db.transaction('log', 'readwrite').objectStore('log')
      await new Promise<void>((resolve) => {
        const again = (): void => {
          resolve()
          if (!lab.kept.has('enough')) log.count().onsuccess = again
        }
        log.count().onsuccess = again
      })
    })
    const during = await page.evaluate(async () => {
      const { queue, clock } = lab
      lab.kept.set('taken', queue.enqueue('echo', 'held up'))
      // It has begun its transaction.
      await new Promise((resolve) => setTimeout(resolve, 0))
      clock.advance(6_000)
      const { store, counts } = await queue.info()
      return { state: store.state, pending: counts.pending, jobs: (await queue.list()).jobs.length }
    })
    deepEqual(during, { state: 'stalled', pending: 1, jobs: 1 })
    await holder.evaluate(() => void lab.kept.set('enough', true))
    const after = await page.evaluate(async () => {
      await lab.kept.get('taken')
      return (await lab.queue.info()).counts.pending
    })
    equal(after, 2)
    deepEqual(statesOf(await storeOf(page)), ['opened', 'stalled', 'recovered'])
  },

  'opening that others block is told, and waits: nothing is lost on the way': async ({ open, name }) => {
    const [page, holder] = [await open(), await open()]
    // A connection that heeds no `versionchange`, and somebody for whom it is in the way.
    await holder.evaluate(async () => {
      const at = `holdfast:${lab.queue.name}`
      const db = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open(at, 1)
        request.onsuccess = () => resolve(request.result)
      })
      lab.kept.set('db', db)
      await new Promise<void>((resolve) => {
        indexedDB.deleteDatabase(at).onblocked = () => resolve()
      })
    })
    await page.evaluate(async (queue) => {
      lab.kept.set('taken', lab.openTimed(queue).enqueue('echo', 'waits'))
      await new Promise((resolve) => setTimeout(resolve, 0))
      lab.clock.advance(6_000)
    }, name)
    deepEqual(statesOf(await storeOf(page)), ['stalled'])
    await holder.evaluate(() => (lab.kept.get('db') as IDBDatabase).close())
    const outcome = await page.evaluate(async () => {
      const { outcome: told, durable } = (await lab.kept.get('taken')) as {
        outcome: string
        durable: boolean
      }
      return [told, durable, (await lab.queue.info()).counts.pending]
    })
    deepEqual(outcome, ['created', true, 1])
    deepEqual(new Set(statesOf(await storeOf(page))), new Set(['stalled', 'opened', 'recovered']))
  },
}

/** Every page that has the queue open loses it, and goes on with a new log. */
async function loseEverything({ open }: Bench, lose: (page: Tab) => Promise<unknown>): Promise<void> {
  const [runner, watcher] = [await open(), await open()]
  const old = await runner.evaluate(async () => {
    const { queue } = lab
    await queue.start()
    const { id } = await queue.enqueue('hold', 'job')
    const ended = queue.result(id).catch((error: unknown) => error)
    lab.kept.set('ended', ended)
    return id
  })
  await counted(watcher, 'running', 1)
  await lose(watcher)
  // Without a call of theirs, and although nobody writes anything.
  for (const page of [runner, watcher]) {
    await until(async () => {
      const states = statesOf(await storeOf(page))
      return states.includes('replaced') ? true : undefined
    }, 'a page to be told that the log was replaced')
  }
  const ended = await runner.evaluate(async () => {
    const error = await lab.kept.get('ended')
    while ((await lab.queue.info()).worker.running > 0) await new Promise((go) => setTimeout(go, 10))
    return lab.holdfast.isQueueError(error) ? error.code : String(error)
  })
  equal(ended, 'job-cancelled')
  const found = await watcher.evaluate(async (lost) => {
    const { id } = await lab.queue.enqueue('echo', 'found')
    return { gone: (await lab.queue.get(lost)) === undefined, result: await lab.queue.result<'echo'>(id) }
  }, old)
  deepEqual(found, { gone: true, result: 'found' })
  equal((await runner.evaluate(() => lab.queue.list())).jobs.length, 1)
}
