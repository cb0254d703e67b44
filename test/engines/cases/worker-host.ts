import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { type Tab, until } from '../engine.ts'
import { type Bench, type Cases, counted, goElsewhere, inWorker, toldOf } from './bench.ts'

/** Service workers that host the queue of a page. */
export const workerHostCases: Cases = {
  'a service worker runs what a page enqueues when that asks it to drain, and the page hears what it did':
    async (bench) => {
      const page = await openFolder(bench)
      await page.evaluate(async () => {
        await lab.hosts.attachWithWorker()
        await lab.queue.enqueue('hold', 'job')
        const drained = lab.hosts.page.drain()
        lab.kept.set('drained', drained)
      })
      await counted(page, 'running', 1)
      // By itself only Chromium wakes a worker, by Background Sync: in the others somebody has to ask.
      equal(await syncOf(page), bench.engine === 'chromium' ? 'registered' : 'absent')
      await inWorker(page, 'host', () => lab.release())
      const { drained, started, own } = await page.evaluate(async () => ({
        drained: (await lab.kept.get('drained')) as object,
        started: lab.told.filter(({ name }) => name === 'started').map(({ event }) => Object(event).worker),
        own: (await lab.queue.info()).worker,
      }))
      deepEqual(drained, { ...drained, completed: 1, remaining: 0, stopped: 'idle' })
      equal(own.started, false)
      equal(started.length, 1)
      notEqual(started[0], own.name)
    },

  'a page’s own requests wake the service worker, though nobody asks it': async (bench) => {
    const page = await openFolder(bench)
    await page.evaluate(async () => void (await lab.hosts.attachWithWorker({ hasSync: false })))
    // Once it is loaded anew, its requests are the worker's to see; and nothing is attached to it.
    await page.reload()
    const isControlled = await page.evaluate(async (name) => {
      await lab.open(name).enqueue('echo', 'unasked')
      return navigator.serviceWorker.controller !== null
    }, bench.name)
    equal(isControlled, true)
    await until(async () => {
      const { counts, worker } = await page.evaluate(async () => {
        await fetch('/nothing')
        return lab.queue.info()
      })
      equal(worker.started, false)
      return counts.completed === 1 ? true : undefined
    }, 'the worker to run the job')
  },

  'what a page asks for is done although it is closed at once': async (bench) => {
    const [watcher, page] = [await bench.open(), await openFolder(bench)]
    await page.evaluate(async () => {
      await lab.hosts.attachWithWorker({ hasSync: false })
      const jobs = [1, 2, 3].map((job) => ({ kind: 'echo' as const, payload: job }))
      await lab.queue.enqueueAll(jobs)
      void lab.hosts.page.drain()
    })
    await page.close()
    await counted(watcher, 'completed', 3)
  },

  'a page that is closed while the service worker is at what it asked for loses nothing, and nothing is charged':
    async (bench) => {
      const [watcher, page] = [await bench.open(), await openFolder(bench)]
      const id = await page.evaluate(async () => {
        await lab.hosts.attachWithWorker({ hasSync: false })
        const job = await lab.queue.enqueue('hold', 'job')
        void lab.hosts.page.drain()
        return job.id
      })
      await counted(watcher, 'running', 1)
      await page.close()
      await releasedByWorker(bench, watcher, id)
    },

  'a page that runs its jobs itself has the service worker go on with them when it goes': async (bench) => {
    const [watcher, page] = [await bench.open(), await openFolder(bench)]
    const id = await page.evaluate(async () => {
      await lab.hosts.attachWithWorker({ hasSync: false })
      await lab.queue.start()
      return (await lab.queue.enqueue('hold', 'job')).id
    })
    await counted(watcher, 'running', 1)
    await goElsewhere(page)
    // WebKit drops what a page writes to IndexedDB as it goes. Other pages find its bye in localStorage: workers have none.
    const isUnheard = bench.engine === 'webkit'
    const cause = isUnheard ? 'crash' : 'bye'
    deepEqual(await toldOf(watcher, 'reclaimed'), [{ id, kind: 'hold', cause }])
    await releasedByWorker(bench, watcher, id, isUnheard ? 1 : 0)
  },

  'a page that is off the network asks the service worker for nothing, and at once when it is back': async (
    bench,
  ) => {
    const page = await openFolder(bench)
    await page.evaluate(async () => void (await lab.hosts.attachWithWorker({ hasSync: false })))
    await page.evaluate(() => {
      const post = ServiceWorker.prototype.postMessage
      lab.kept.set('asked', 0)
      ServiceWorker.prototype.postMessage = function (...given: unknown[]) {
        lab.kept.set('asked', Number(lab.kept.get('asked')) + 1)
        Reflect.apply(post, this, given)
      }
    })
    const asked = (): Promise<number> => page.evaluate(() => Number(lab.kept.get('asked')))
    // WebKitGTK takes the machine's routes for the network, which are no test's to cut: there it is made up.
    const isReal = await page.setOffline(true)
    equal(isReal, bench.engine !== 'webkit')
    if (!isReal) await page.evaluate(pretend, false)
    equal(await page.evaluate(() => navigator.onLine), false)
    const before = await asked()
    await page.evaluate(async () => void (await lab.queue.enqueue('echo', 'job')))
    // Longer than a page goes without looking at what is new.
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    equal(await asked(), before)
    if (isReal) await page.setOffline(false)
    else await page.evaluate(pretend, true)
    await counted(page, 'completed', 1)
  },
}

/** Opens the site in a folder of the case, which a service worker of its own can have. */
function openFolder({ open, name }: Bench): Promise<Tab> {
  return open(`/${name.replaceAll(' ', '-')}/`)
}

/** Has a page take itself for being on the network, or off it. */
function pretend(isOnline: boolean): void {
  Object.defineProperty(navigator, 'onLine', { value: isOnline, configurable: true })
  dispatchEvent(new Event(isOnline ? 'online' : 'offline'))
}

/** What came of registering a sync, once something has. */
function syncOf(page: Tab): Promise<string> {
  return until(async () => {
    const state = await page.evaluate(() => lab.hosts.page.sync.state)
    return state === 'unknown' ? undefined : state
  }, 'the page to have tried to register a sync')
}

/** Lets the job go that the worker holds, whichever was started for it: by hand, from a page that runs nothing. */
async function releasedByWorker(bench: Bench, watcher: Tab, id: string, crashes = 0): Promise<void> {
  const page = await openFolder(bench)
  const job = await until(async () => {
    // One that is just being stopped answers nothing: the next is asked.
    await inWorker(page, 'host', () => lab.release(), undefined, 2_000).catch(() => undefined)
    const seen = await watcher.evaluate((given) => lab.queue.get(given), id)
    return seen?.state === 'completed' ? seen : undefined
  }, 'the worker to end the job')
  deepEqual([job.crashes, job.errors], [crashes, 0])
}
