import { deepEqual, equal, ok } from 'node:assert/strict'
import { type Tab, until } from '../engine.ts'
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

  'a page that only watches sees each step as it happens, by on, by view and by info, and reads once for each hint':
    async ({ open, name }) => {
      const [watcher, runner] = [await open(), await open()]
      await watcher.evaluate(async () => {
        const view = lab.queue.view()
        const seen: string[] = []
        const note = (): void => {
          const [job] = view.getSnapshot()
          if (job !== undefined && seen.at(-1) !== job.state) seen.push(job.state)
        }
        view.subscribe(note)
        lab.kept.set('seen', seen)
        await lab.queue.info()
        lab.kept.set('before', lab.transactions.length)
      })
      const id = await runner.evaluate(async () => (await lab.queue.enqueue('hold', 'job')).id)
      await counted(watcher, 'pending', 1)
      await runner.evaluate(() => lab.queue.start())
      await counted(watcher, 'running', 1)
      await runner.evaluate(async (job) => {
        lab.release()
        await lab.queue.result(job)
      }, id)
      await counted(watcher, 'completed', 1)
      const { seen, told, reads } = await watcher.evaluate(() => ({
        seen: lab.kept.get('seen'),
        told: lab.told.filter((each) => each.name !== 'store').map((each) => each.name),
        reads: lab.transactions.slice(Number(lab.kept.get('before'))),
      }))
      deepEqual(seen, ['pending', 'running', 'completed'])
      deepEqual(told, ['enqueued', 'started', 'completed'])
      // One look for each of the three entries; `info` itself reads nothing.
      deepEqual(new Set(reads), new Set(['readonly meta,log,byes']))
      ok(reads.length <= 3, `${reads.length} reads of ${name}`)
    },

  'while nothing happens a page that is not listened to reads nothing, one that is, or runs, once in half a minute':
    async ({ open, name }) => {
      const page = await open()
      const reads = await page.evaluate(async (queue) => {
        const timed = lab.openTimed(queue, false)
        await timed.info()
        /** How often it looks in ten minutes in which nobody writes anything. */
        const looks = async (): Promise<readonly string[]> => {
          const before = lab.transactions.length
          for (let half = 0; half < 20; half += 1) {
            lab.clock.advance(30_000)
            // What that began is over once this has been read.
            await lab.damage('log', (log) => log.count())
          }
          // What the case itself read, by its object store alone.
          return lab.transactions.slice(before).filter((each) => each !== 'readwrite log')
        }
        const idle = await looks()
        const off = timed.on('completed', () => undefined)
        const listening = await looks()
        const end = timed.view().subscribe(() => undefined)
        off()
        const viewing = await looks()
        end()
        await timed.start()
        const running = await looks()
        return { idle, listening, viewing, running }
      }, name)
      const each = Array.from({ length: 20 }, () => 'readonly meta,log,byes')
      deepEqual(reads, { idle: [], listening: each, viewing: each, running: each })
    },

  'where every hint is lost, a page that runs jobs, shows a view or listens sees at its next look what others did':
    async ({ open, name }) => {
      const [writer, runner, viewer, listener] = [await open(), await open(), await open(), await open()]
      await runner.evaluate((queue) => lab.openTimed(queue).start(), name)
      await viewer.evaluate(async (queue) => {
        const view = lab.openTimed(queue, false).view()
        view.subscribe(() => void lab.kept.set('seen', view.getSnapshot().length))
        await lab.queue.info()
      }, name)
      await listener.evaluate(async (queue) => void (await lab.openTimed(queue).info()), name)
      for (const page of [writer, runner, viewer, listener]) {
        await page.evaluate(() => {
          BroadcastChannel.prototype.postMessage = () => undefined
        })
      }
      const id = await writer.evaluate(async () => (await lab.queue.enqueue('echo', 'unheard')).id)
      const knows = async (page: Tab): Promise<boolean> =>
        page.evaluate(async (job) => (await lab.queue.get(job)) !== undefined, id)
      const before = [await knows(runner), await knows(viewer), await knows(listener)]
      deepEqual(before, [false, false, false])
      await listener.evaluate(() => lab.clock.advance(30_000))
      equal((await toldOf(listener, 'enqueued')).length, 1)
      await viewer.evaluate(() => lab.clock.advance(30_000))
      await until(async () => {
        const seen = await viewer.evaluate(() => lab.kept.get('seen') === 1)
        return seen ? true : undefined
      }, 'the view to show it')
      await runner.evaluate(() => lab.clock.advance(30_000))
      await toldOf(runner, 'completed')
    },

  'a hidden page, whose timers are slow, tells of each commit at once': async ({ open }) => {
    const page = await open()
    await page.evaluate(() => lab.queue.info())
    await page.hide()
    const hints = await page.evaluate(async () => {
      while (document.visibilityState !== 'hidden') await new Promise((go) => setTimeout(go, 10))
      let count = 0
      const post = BroadcastChannel.prototype.postMessage
      BroadcastChannel.prototype.postMessage = function (message) {
        count += 1
        post.call(this, message)
      }
      for (let n = 0; n < 5; n += 1) await lab.queue.enqueue('echo', n)
      BroadcastChannel.prototype.postMessage = post
      return count
    })
    equal(hints, 5)
    await page.show()
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
