import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { serveApi } from './support/api.ts'
import { devTools, useChromium } from './support/chromium.ts'
import { serveSite } from './support/server.ts'
import { completions, holdUploads, runPhotos, soon, start, toldOf } from './support/tabs.ts'

const chromium = useChromium()

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

test('a job enqueued in one tab is run by another at once, though it was idle and in the background', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  const runner = await chromium().open(site.url)
  await start(runner, { api: api.url })
  const writer = await chromium().open(site.url)
  expect(await runner.evaluate(() => document.visibilityState)).toBe('hidden')
  const job = await writer.evaluate(async (url) => {
    const queue = app.openPhotos({ api: url })
    const { id } = await queue.enqueue('upload', { name: 'photo', file: new Blob(['photo']) })
    await queue.result(id)
    return queue.get(id)
  }, api.url)
  // Far sooner than the half minute after which every worker looks by itself.
  expect(Number(job?.startedAt) - Number(job?.enqueuedAt)).toBeLessThan(10_000)
  expect(await runner.evaluate(() => app.returned)).toEqual([1])
})
