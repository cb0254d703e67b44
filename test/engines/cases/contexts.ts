import { deepEqual, equal, ok } from 'node:assert/strict'
import { type Cases, counted, inWorker, toldOf } from './bench.ts'

/** Several pages, and workers, on one queue. */
export const contextCases: Cases = {
  'a job enqueued in one page is run by another, which a hint wakes': async ({ open }) => {
    const [runner, writer] = [await open(), await open()]
    await runner.evaluate(() => lab.queue.start())
    const seen = await writer.evaluate(async () => {
      const { id } = await lab.queue.enqueue('echo', 'hello')
      const result = await lab.queue.result<'echo'>(id)
      const job = await lab.queue.get(id)
      return { result, waitedMs: Number(job?.startedAt) - Number(job?.enqueuedAt) }
    })
    equal(seen.result, 'hello')
    // A third of the time after which every worker looks by itself.
    ok(seen.waitedMs < 10_000, `it waited ${seen.waitedMs} ms`)
  },

  'the job of a page that is closed without a word is taken up by another, once the lock is free': async ({
    open,
  }) => {
    const [holder, heir] = [await open(), await open()]
    const id = await holder.evaluate(async () => {
      await lab.queue.start()
      return (await lab.queue.enqueue('hold', 'job')).id
    })
    await counted(heir, 'running', 1)
    await heir.evaluate(() => lab.queue.start())
    await holder.close()
    // Its lease is 180 s: only the lock can tell so soon.
    deepEqual(await toldOf(heir, 'reclaimed'), [{ id, kind: 'hold', cause: 'crash' }])
    const attempt = await heir.evaluate(async (job) => {
      while ((await lab.queue.get(job))?.state !== 'running') await new Promise((go) => setTimeout(go, 10))
      lab.release()
      return lab.queue.result<'hold'>(job)
    }, id)
    equal(attempt, 2)
  },

  'the job of a worker that is terminated is taken up by its page': async ({ open, name }) => {
    const page = await open()
    await inWorker(page, 'dedicated', (queue) => lab.open(queue).start(), name)
    const id = await page.evaluate(async () => (await lab.queue.enqueue('hold', 'job')).id)
    await counted(page, 'running', 1)
    await page.evaluate(async () => {
      await lab.queue.start()
      lab.workers.terminate()
    })
    deepEqual(await toldOf(page, 'reclaimed'), [{ id, kind: 'hold', cause: 'crash' }])
  },

  'a dedicated, a shared and a service worker run what a page enqueues': async ({ open, name }) => {
    const page = await open()
    for (const kind of ['dedicated', 'shared', 'service'] as const) {
      await inWorker(page, kind, (queue) => lab.open(queue).start(), name)
      const result = await page.evaluate(async (payload) => {
        const { id } = await lab.queue.enqueue('echo', payload)
        return lab.queue.result<'echo'>(id)
      }, kind)
      equal(result, kind)
      const completed = await inWorker(page, kind, async () => {
        await lab.queue.close()
        return lab.told.filter((each) => each.name === 'completed').length
      })
      equal(completed, 1)
    }
  },

  'three pages enqueue and run at once, and each job runs once': async ({ open }) => {
    const pages = [await open(), await open(), await open()]
    const [first] = pages
    const each = await Promise.all(
      pages.map((page, index) =>
        page.evaluate(async (number) => {
          await lab.queue.start()
          const jobs = Array.from({ length: 40 }, (_, job) => lab.queue.enqueue('echo', `${number}:${job}`))
          return (await Promise.all(jobs)).map(({ id }) => id)
        }, index),
      ),
    )
    equal(new Set(each.flat()).size, 120)
    ok(first)
    await counted(first, 'completed', 120)
    const { jobs } = await first.evaluate(() => lab.queue.list({ limit: 500 }))
    deepEqual(new Set(jobs.map(({ attempt, state }) => `${state} ${attempt}`)), new Set(['completed 1']))
  },

  'maxRunning holds for all pages together': async ({ open }) => {
    const pages = [await open(), await open(), await open()]
    const results = await Promise.all(
      pages.map((page) =>
        page.evaluate(async () => {
          await lab.queue.start()
          const jobs = await Promise.all(
            Array.from({ length: 8 }, (_, job) => lab.queue.enqueue('scarce', job)),
          )
          return Promise.all(jobs.map(({ id }) => lab.queue.result<'scarce'>(id)))
        }),
      ),
    )
    deepEqual(new Set(results.flat()), new Set([false]))
  },

  'jobs of one key run in the order of their enqueueing, whichever page runs them': async ({ open }) => {
    const [one, other] = [await open(), await open()]
    await Promise.all([one, other].map((page) => page.evaluate(() => lab.queue.start())))
    const ids: string[] = []
    for (const page of [one, other, one, other, one, other]) {
      const enqueue = async (): Promise<string> => (await lab.queue.enqueue('echo', 1, { key: 'k' })).id
      ids.push(await page.evaluate(enqueue))
    }
    await counted(one, 'completed', ids.length)
    await counted(other, 'completed', ids.length)
    const { jobs } = await other.evaluate(() => lab.queue.list())
    deepEqual(
      jobs.map((job) => job.id),
      ids,
    )
    const times = jobs.flatMap(({ startedAt, finishedAt }) => [startedAt, finishedAt])
    deepEqual(
      times,
      times.toSorted((a, b) => Number(a) - Number(b)),
    )
  },

  'a queue destroyed in one page is a new one in another, and works there': async ({ open }) => {
    const [one, other] = [await open(), await open()]
    await other.evaluate(async () => {
      await lab.queue.start()
      const { id } = await lab.queue.enqueue('echo', 'old')
      await lab.queue.result(id)
    })
    await one.evaluate(() => lab.queue.destroy({ force: true }))
    const seen = await other.evaluate(async () => {
      const { id } = await lab.queue.enqueue('echo', 'new')
      return { result: await lab.queue.result<'echo'>(id), count: (await lab.queue.list()).jobs.length }
    })
    deepEqual(seen, { result: 'new', count: 1 })
  },
}
