import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { type Tab, until } from '../engine.ts'
import { type Cases, comeBack, counted, goElsewhere, toldOf } from './bench.ts'

/** Pages whose queues are attached to them. */
export const pageHostCases: Cases = {
  'an attached page that goes to another one says bye, so that a second tab runs its job on; it works on when it comes back, under a new name where it was kept':
    async ({ open, engine, name }) => {
      const [page, heir] = [await open(), await open()]
      const before = await attachAndStart(page)
      const id = await page.evaluate(async () => (await lab.queue.enqueue('hold', 'job')).id)
      await counted(heir, 'running', 1)
      await attachAndStart(heir)
      await goElsewhere(page)
      deepEqual(await toldOf(heir, 'reclaimed'), [{ id, kind: 'hold', cause: 'bye' }])
      equal(await released(heir, id), 2)
      // Firefox keeps no page that held a lock when it went, and a worker's presence is one: there it is another page.
      const isKept = await comeBackStarted(page, name)
      equal(isKept, engine !== 'firefox')
      await heir.close()
      const after = await page.evaluate(async () => {
        const { id: next } = await lab.queue.enqueue('echo', 'back')
        return { result: await lab.queue.result(next), name: (await lab.queue.info()).worker.name }
      })
      equal(after.result, 'back')
      // A page that is loaded anew has another name whatever its host does.
      if (isKept) notEqual(after.name, before)
    },

  'an attached page that is alone runs what it gave back once more, uncharged, when it comes back, be it kept or loaded anew':
    async ({ open, engine, name }) => {
      const page = await open()
      await attachAndStart(page)
      const id = await page.evaluate(async () => (await lab.queue.enqueue('hold', 'job')).id)
      await counted(page, 'running', 1)
      await goElsewhere(page)
      // In Firefox, which kept no page with a worker, its successor does.
      equal(await comeBackStarted(page, name), engine !== 'firefox')
      equal(await released(page, id), 2)
      const job = await page.evaluate((given) => lab.queue.get(given), id)
      deepEqual([job?.crashes, job?.errors, job?.releases], [0, 0, 1])
    },

  'an attached page that was not started is kept, not started when it comes back, and told what it missed':
    async ({ open }) => {
      const [page, runner] = [await open(), await open()]
      await page.evaluate(async () => {
        lab.hosts.attach()
        await lab.queue.info()
      })
      await goElsewhere(page)
      await runner.evaluate(async () => {
        await lab.queue.start()
        const { id } = await lab.queue.enqueue('echo', 'missed')
        await lab.queue.result(id)
      })
      equal(await comeBack(page), true)
      equal((await toldOf(page, 'completed')).length, 1)
      const { started } = await page.evaluate(async () => (await lab.queue.info()).worker)
      equal(started, false)
    },

  'an attached page that is looked at again looks at the log at once, though its timers stood still and it was told nothing':
    async ({ open, name }) => {
      const [page, watcher, writer] = [await open(), await open(), await open()]
      for (const each of [page, watcher]) {
        await each.evaluate(async (queue) => {
          lab.openTimed(queue)
          lab.hosts.attach()
          await lab.queue.info()
        }, name)
      }
      await page.evaluate(() => lab.queue.start())
      for (const each of [page, watcher]) {
        await each.hide()
        await shown(each, 'hidden')
      }
      for (const each of [page, watcher, writer]) {
        await each.evaluate(() => {
          BroadcastChannel.prototype.postMessage = () => undefined
        })
      }
      const id = await writer.evaluate(async () => (await lab.queue.enqueue('echo', 'unheard')).id)
      const knows = (each: Tab): Promise<boolean> =>
        each.evaluate(async (job) => (await lab.queue.get(job)) !== undefined, id)
      deepEqual([await knows(page), await knows(watcher)], [false, false])
      await watcher.show()
      await shown(watcher, 'visible')
      equal((await toldOf(watcher, 'enqueued')).length, 1)
      await page.show()
      await shown(page, 'visible')
      deepEqual(await toldOf(page, 'completed'), [{ id, kind: 'echo', attempt: 1, result: 'unheard' }])
    },
}

/** Resolves to the name of the page's worker. */
function attachAndStart(page: Tab): Promise<string | undefined> {
  return page.evaluate(async () => {
    lab.hosts.attach()
    await lab.queue.start()
    return (await lab.queue.info()).worker.name
  })
}

/** Back to a page that had been started, and is again; whether it was kept. One that was not is a new page. */
async function comeBackStarted(page: Tab, name: string): Promise<boolean> {
  const isKept = await comeBack(page)
  if (!isKept) {
    await page.evaluate((queue) => void lab.open(queue), name)
    await attachAndStart(page)
  }
  await until(async () => {
    const { started } = await page.evaluate(async () => (await lab.queue.info()).worker)
    return started ? true : undefined
  }, 'the page to be started again')
  return isKept
}

/** Lets the job go that a page holds, or is about to; its result. */
function released(page: Tab, id: string): Promise<unknown> {
  return page.evaluate(async (job) => {
    while ((await lab.queue.info()).worker.running === 0) await new Promise((go) => setTimeout(go, 10))
    lab.release()
    return lab.queue.result(job)
  }, id)
}

async function shown(page: Tab, state: DocumentVisibilityState): Promise<void> {
  await until(async () => {
    const current = await page.evaluate(() => document.visibilityState)
    return current === state ? true : undefined
  }, `the page to be ${state}`)
}
