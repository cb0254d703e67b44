import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { serveApi } from './support/api.ts'
import { devTools, useChromium } from './support/chromium.ts'
import { serveSite } from './support/server.ts'
import { completions, holdUploads, runPhotos, soon, start, toldOf } from './support/tabs.ts'

const chromium = useChromium()

/** Freezes a tab in the background, as the browser does to save power. Resolves to what thaws it. */
async function freeze(page: Page): Promise<() => Promise<unknown>> {
  await page.evaluate(async () => {
    document.addEventListener('freeze', () => app.kept.set('is frozen', true))
    // Right after a renewal if there is one soon: frozen in mid-transaction, it would hold up everybody else.
    const before = app.transactions.length
    const endAt = performance.now() + 2_500
    while (app.transactions.length === before && performance.now() < endAt) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await app.raw.count('photos', 'log')
  })
  const session = await devTools(page)
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  await expect.poll(() => page.evaluate(() => app.kept.get('is frozen')), soon).toBe(true)
  return () => session.send('Page.setWebLifecycleState', { state: 'active' })
}

const takeovers = [
  {
    name: 'whose silence outlasts its lease',
    worker: { leaseMs: 3_000 },
    // Without locks, silence is all that others have to go by.
    prepare: (page: Page) =>
      page.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined })),
    takeOver: async () => undefined,
  },
  {
    name: 'whose lock was stolen',
    worker: {},
    // It hears of nothing, so that its own late completion is the first it does.
    prepare: (page: Page) => page.addInitScript(() => Reflect.deleteProperty(globalThis, 'BroadcastChannel')),
    takeOver: async (heir: Page, holder: string) => {
      const stolen = await heir.evaluate(async (worker) => {
        const { held = [] } = await navigator.locks.query()
        const lock = held.find(({ name }) => name?.endsWith(`:${worker}`))
        if (lock?.name === undefined) return false
        return navigator.locks.request(lock.name, { steal: true }, () => true)
      }, holder)
      expect(stolen).toBe(true)
    },
  },
]

test.each(takeovers)(
  'the late completion of a frozen holder $name is refused',
  async ({ worker, prepare, takeOver }) => {
    const [site, api] = [await serveSite(), await serveApi()]
    const uploads = holdUploads(api)
    const holder = await chromium().open(site.url, prepare)
    await start(holder, { api: api.url, worker, isDeaf: true })
    const [id = ''] = await runPhotos(holder, 1)
    const name = await holder.evaluate(async () => (await app.photos.info()).worker.name)
    await expect.poll(() => uploads.count(), soon).toBe(1)
    const heir = await chromium().open(site.url, prepare)
    const thaw = await freeze(holder)
    await start(heir, { api: api.url, worker })
    await takeOver(heir, name ?? '')
    await expect.poll(() => uploads.count(), soon).toBe(2)
    uploads.release()
    await heir.evaluate((job) => app.photos.result(job), id)
    expect(await heir.evaluate(() => app.returned)).toEqual([2])
    expect(await toldOf(heir, 'store')).toEqual([{ state: 'opened' }])

    expect(await holder.evaluate(() => app.returned)).toEqual([])
    await thaw()
    await expect.poll(() => holder.evaluate(() => app.returned), soon).toEqual([1])
    const running = () => holder.evaluate(async () => (await app.photos.info()).worker.running)
    await expect.poll(running, soon).toBe(0)

    expect(await completions(heir, [id])).toEqual([[2]])
    for (const page of [holder, heir]) {
      const job = await page.evaluate((which) => app.photos.get(which), id)
      expect(job).toMatchObject({ state: 'completed', epoch: 2, attempt: 2, errors: 0 })
    }
    await expect.poll(() => api.acks(), soon).toMatchObject([{ sequence: 1, subject: id, type: 'completed' }])
    expect(await holder.evaluate(() => app.photos.flush())).toBe(undefined)
    expect(api.acks()).toHaveLength(1)
  },
)

test('a frozen tab that is told of news looks at it when it is thawed, and keeps nobody from writing until then', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  const watcher = await chromium().open(site.url)
  await watcher.evaluate((url) => app.openPhotos({ api: url }).info(), api.url)
  const writer = await chromium().open(site.url)
  const thaw = await freeze(watcher)
  const before = await watcher.evaluate(() => app.transactions.length)

  await writer.evaluate(async (url) => {
    const queue = app.openPhotos({ api: url })
    app.kept.set('told', app.listen(queue))
    // Each in a transaction of its own, and each a hint to the watcher.
    for (let index = 0; index < 20; index++) {
      await queue.enqueue('upload', { name: `photo ${index}`, file: new Blob(['photo']) })
    }
  }, api.url)
  expect(await watcher.evaluate(() => app.transactions.length)).toBe(before)

  await thaw()
  const seen = () => watcher.evaluate(async () => (await app.photos.list()).jobs.length)
  await expect.poll(seen, soon).toBe(20)
})

test('a frozen tab keeps nobody from erasing the queue, and begins anew when it is thawed', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  const sleeper = await chromium().open(site.url)
  await start(sleeper, { api: api.url })
  const other = await chromium().open(site.url)
  const thaw = await freeze(sleeper)

  await other.evaluate(async (url) => {
    const queue = app.openPhotos({ api: url })
    await queue.enqueue('upload', { name: 'old', file: new Blob(['old']) }, { delayMs: 3_600_000 })
    await queue.destroy({ force: true })
  }, api.url)

  await thaw()
  await expect
    .poll(() => toldOf(sleeper, 'store'), soon)
    .toEqual([{ state: 'opened' }, { state: 'replaced' }])
  const left = await sleeper.evaluate(async () => (await app.photos.list()).jobs.length)
  expect(left).toBe(0)
})

test('a transaction that a frozen tab left open holds up writes, which is told, and no reads; once it is thawed they are made', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  const [writer, holder] = [await chromium().open(site.url), await chromium().open(site.url)]
  await writer.evaluate(async (url) => {
    const queue = app.openPhotos({ api: url })
    app.kept.set('told', app.listen(queue))
    await queue.enqueue('upload', { name: 'before', file: new Blob(['before']) })
  }, api.url)
  // The application's own: the queue's are given up when their page is frozen.
  await holder.evaluate(async () => {
    document.addEventListener('freeze', () => app.kept.set('is frozen', true))
    const db = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('holdfast:photos')
      request.onsuccess = () => resolve(request.result)
    })
    const log = db.transaction('log', 'readwrite').objectStore('log')
    await new Promise<void>((resolve) => {
      const again = (): void => {
        resolve()
        if (!app.kept.has('is frozen')) log.count().onsuccess = again
      }
      log.count().onsuccess = again
    })
  })
  const session = await devTools(holder)
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  await writer.evaluate(() => {
    const photo = { name: 'held up', file: new Blob(['held up']) }
    app.kept.set('taken', app.photos.enqueue('upload', photo))
  })
  const states = async (): Promise<unknown[]> =>
    (await toldOf(writer, 'store')).map((event) => Object(event).state)
  await expect.poll(states, soon).toEqual(['opened', 'stalled'])
  const { store, counts } = await writer.evaluate(() => app.photos.info())
  expect([store.state, counts.pending]).toEqual(['stalled', 1])

  await session.send('Page.setWebLifecycleState', { state: 'active' })
  const taken = await writer.evaluate(() => app.kept.get('taken'))
  expect(taken).toMatchObject({ outcome: 'created', durable: true })
  await expect.poll(states, soon).toEqual(['opened', 'stalled', 'recovered'])
})

test('a tab that is frozen in the midst of its commits holds nobody up', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  const other = await chromium().open(site.url)
  await other.evaluate((url) => void app.openPhotos({ api: url }), api.url)
  const pending = async (): Promise<number> => (await other.evaluate(() => app.photos.info())).counts.pending
  // With luck it is frozen between two of them, and there is nothing to see: without the guard that was two of five.
  for (let round = 1; round <= 5; round++) {
    const writer = await chromium().open(site.url)
    await writer.evaluate((url) => {
      document.addEventListener('freeze', () => app.kept.set('is frozen', true))
      const [queue, file] = [app.openPhotos({ api: url }), new Blob(['x'.repeat(10_000)])]
      const go = async (): Promise<never> => {
        for (;;) await queue.enqueue('upload', { name: 'again', file })
      }
      void go()
    }, api.url)
    const before = await pending()
    await expect.poll(pending, soon).toBeGreaterThan(before + 10)
    // A tab in front is not frozen.
    await other.bringToFront()
    const session = await devTools(writer)
    await session.send('Page.setWebLifecycleState', { state: 'frozen' })
    await expect.poll(() => writer.evaluate(() => app.kept.get('is frozen')), soon).toBe(true)

    await other.evaluate((key) => {
      const taken = app.photos.enqueue('upload', { name: 'mine', file: new Blob(['mine']) })
      taken.then(({ outcome }) => app.kept.set(key, outcome)).catch((error) => app.kept.set(key, error))
    }, `round ${round}`)
    // Chromium itself ends a transaction that is in the way, but only after a minute.
    const taken = () => other.evaluate((key) => app.kept.get(key), `round ${round}`)
    await expect.poll(taken, soon).toBe('created')
  }
})
