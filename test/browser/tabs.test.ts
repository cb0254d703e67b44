import type { QueueEventName } from 'holdfast'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { type Api, serveApi } from './support/api.ts'
import type { PhotosOptions } from './support/app.ts'
import { devTools, useChromium } from './support/chromium.ts'
import { serveSite } from './support/server.ts'

const chromium = useChromium()
const soon = { timeout: 30_000, interval: 50 }

/** The API answers no upload until it is told to; `count` tells how many wait. */
function holdUploads(api: Api): { count(): number; release(): void } {
  const held = Promise.withResolvers<undefined>()
  let count = 0
  api.strike = ({ path }) => {
    if (path !== '/photos') return undefined
    count += 1
    return held.promise
  }
  return {
    count: () => count,
    release() {
      api.strike = () => undefined
      held.resolve(undefined)
    },
  }
}

/** Opens the queue in a tab and starts it there. */
async function start(page: Page, options: PhotosOptions): Promise<void> {
  await page.evaluate((given) => {
    const queue = app.openPhotos(given)
    app.kept.set('told', app.listen(queue))
    return queue.start()
  }, options)
}

/** Enqueues photos in a tab; resolves to their ids once all are running. */
async function runPhotos(page: Page, count: number): Promise<string[]> {
  const ids = await page.evaluate(async (photos) => {
    const names = Array.from({ length: photos }, (_, index) => `photo ${index}`)
    const taken = await Promise.all(
      names.map((name) => app.photos.enqueue('upload', { name, file: new Blob([name]) })),
    )
    return taken.map((each) => each.id)
  }, count)
  const running = () => page.evaluate(async () => (await app.photos.info()).counts.running)
  await expect.poll(running, soon).toBe(count)
  return ids
}

function toldOf(page: Page, event: QueueEventName): Promise<unknown[]> {
  return page.evaluate((name) => {
    const told = app.kept.get('told') as ReturnType<typeof app.listen>
    return told.filter((each) => each.name === name).map((each) => each.event)
  }, event)
}

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

/** How often, and under which epochs, the log says that each job was completed. */
async function completions(page: Page, ids: readonly string[]): Promise<(number | undefined)[][]> {
  const events = await page.evaluate(() => app.raw.events('photos'))
  const completed = events.filter((event) => event.type === 'completed')
  return ids.map((id) => completed.filter((event) => event.id === id).map((event) => event.epoch))
}

test('a tab that crashes in the middle of its jobs loses none, and each ends once', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  const uploads = holdUploads(api)
  const doomed = await chromium().open(site.url)
  await start(doomed, { api: api.url })
  const ids = await runPhotos(doomed, 4)
  const heir = await chromium().open(site.url)
  await start(heir, { api: api.url })

  const session = await devTools(doomed)
  // Never answered: whoever would answer is gone.
  session.send('Page.crash').catch(() => undefined)
  uploads.release()

  await expect.poll(() => api.acks().length, soon).toBe(4)
  expect(await completions(heir, ids)).toEqual([[2], [2], [2], [2]])
  expect(new Set(api.acks().map((ack) => ack.subject))).toEqual(new Set(ids))
  expect(await toldOf(heir, 'reclaimed')).toEqual(ids.map((id) => ({ id, kind: 'upload', cause: 'crash' })))
  const jobs = await heir.evaluate(async () => (await app.photos.list()).jobs)
  expect(jobs.map(({ state, attempt, crashes }) => ({ state, attempt, crashes }))).toEqual(
    ids.map(() => ({ state: 'completed', attempt: 2, crashes: 1 })),
  )
  expect(api.fileCount()).toBe(4)
})

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

const departures = [
  { name: 'goes to another page', leave: (page: Page) => page.goto('about:blank') },
  { name: 'is closed', leave: (page: Page) => page.close() },
]

test.each(departures)('a tab that $name gives its jobs back, and no crash is charged', async ({ leave }) => {
  const [site, api] = [await serveSite(), await serveApi()]
  const uploads = holdUploads(api)
  const leaver = await chromium().open(site.url)
  await start(leaver, { api: api.url })
  await leaver.evaluate(() => addEventListener('pagehide', () => void app.photos.leave()))
  const ids = await runPhotos(leaver, 3)
  const heir = await chromium().open(site.url)
  await start(heir, { api: api.url })

  await leave(leaver)
  await expect
    .poll(() => toldOf(heir, 'reclaimed'), soon)
    .toEqual(ids.map((id) => ({ id, kind: 'upload', cause: 'bye' })))
  uploads.release()
  await expect.poll(() => api.acks().length, soon).toBe(3)
  expect(await completions(heir, ids)).toEqual([[2], [2], [2]])
  const jobs = await heir.evaluate(async () => (await app.photos.list()).jobs)
  expect(
    jobs.map(({ attempt, errors, crashes, releases }) => ({ attempt, errors, crashes, releases })),
  ).toEqual(ids.map(() => ({ attempt: 2, errors: 0, crashes: 0, releases: 1 })))
})

test('tabs see each other’s jobs by hints, without looking for them', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  const [writer, watcher] = [await chromium().open(site.url), await chromium().open(site.url)]
  await writer.evaluate((url) => void app.openPhotos({ api: url }), api.url)
  await watcher.evaluate(async (url) => {
    const queue = app.openPhotos({ api: url })
    app.kept.set('told', app.listen(queue))
    app.kept.set('view', queue.view())
    await queue.info()
    app.kept.set('before', app.transactions.length)
  }, api.url)

  const ids: string[] = []
  for (let index = 1; index <= 3; index++) {
    const { id } = await writer.evaluate(() =>
      app.photos.enqueue('upload', { name: 'photo', file: new Blob(['photo']) }),
    )
    ids.push(id)
    await watcher.waitForFunction((count) => {
      const told = app.kept.get('told') as ReturnType<typeof app.listen>
      return told.filter(({ name }) => name === 'enqueued').length === count
    }, index)
  }
  const seen = await watcher.evaluate(async () => {
    const { jobs } = await app.photos.list()
    const reads = app.transactions.length - Number(app.kept.get('before'))
    return { ids: jobs.map((job) => job.id), reads }
  })
  expect(seen.ids).toEqual(ids)
  // One look for each hint; the list itself reads nothing.
  expect(seen.reads).toBe(3)
})

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
