import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { serveApi } from './support/api.ts'
import { useChromium } from './support/chromium.ts'
import { type HostSite, serveHosts } from './support/hosts/site.ts'
import { oversee, visit, workerFor } from './support/hosts/visitor.ts'
import { holdUploads, soon } from './support/tabs.ts'

const chromium = useChromium()

const openTabs = (site: HostSite): Page[] =>
  chromium()
    .context.pages()
    .filter((page) => page.url().startsWith(site.url))

const tagsIn = (page: Page): Promise<unknown> =>
  page.evaluate(() => Reflect.get(Object(hosted.registration), 'sync').getTags())

const heldIn = (page: Page) => (): Promise<number> =>
  page.evaluate(async () => (await hosted.queue.info()).holds.length)

test('photos taken in while the server is away arrive by a sync, with no tab open', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  await api.stop()
  const page = await visit(chromium(), site, { api: api.url, runs: false, worker: workerFor(api) })
  await page.evaluate(() => hosted.add(20))
  await expect.poll(heldIn(page), soon).toBe(1)
  await page.close()

  const overseer = await oversee(chromium(), site)
  await overseer.stop()
  await api.start()
  await overseer.sync()
  await expect.poll(() => api.acks().length, soon).toBe(20)
  expect(api.fileCount()).toBe(20)
  expect(openTabs(site)).toEqual([])
  await expect.poll(() => site.reports.at(-1), soon).toBe('sync resolved')
})

test('a server that is down at the last chance loses nothing: the next tab wakes the worker, which drains', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  await api.stop()
  const page = await visit(chromium(), site, {
    api: api.url,
    runs: false,
    worker: workerFor(api, { deadlineMs: 5_000 }),
  })
  const ids = await page.evaluate(() => hosted.add(3))
  await expect.poll(heldIn(page), soon).toBe(1)
  await page.close()
  const overseer = await oversee(chromium(), site)
  const before = site.reports.length
  await overseer.sync({ lastChance: true })
  await expect.poll(() => site.reports.slice(before), soon).toContain('sync rejected')
  await overseer.stop()

  await api.start()
  // It opens no queue: what wakes the worker are this page's own requests.
  const visitor = await chromium().open(site.url)
  await expect.poll(() => api.acks().length, soon).toBe(3)
  expect(api.fileCount()).toBe(3)
  await visitor.evaluate((given) => hosted.open(given), { api: api.url, runs: false })
  const jobs = await visitor.evaluate(() => hosted.jobs())
  expect(jobs.map(({ id, state }) => ({ id, state }))).toEqual(ids.map((id) => ({ id, state: 'completed' })))
})

test('what is left after a last chance is registered anew by the next event', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  api.strike = () => 503
  const page = await visit(chromium(), site, { api: api.url, runs: false, worker: workerFor(api) })
  await page.evaluate(() => hosted.add(1))
  await expect.poll(heldIn(page), soon).toBe(1)
  // Fired and lost, as far as the browser goes: this worker knows of no sync.
  await page.evaluate(async () => {
    const { registration } = hosted
    await registration?.unregister()
  })
  await page.close()

  const again = await chromium().open(site.url)
  await again.evaluate(async (worker) => {
    await navigator.serviceWorker.register(worker)
    await navigator.serviceWorker.ready
  }, workerFor(api))
  const tags = () =>
    again.evaluate(async () => Reflect.get(await navigator.serviceWorker.ready, 'sync').getTags())
  await again.reload()
  await expect.poll(tags, soon).toEqual(['uploads'])
})

test('a worker that is stopped in mid-job is an interruption: the next one takes the jobs up, and each photo is stored once', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  const uploads = holdUploads(api)
  const page = await visit(chromium(), site, { api: api.url, runs: false, worker: workerFor(api) })
  const ids = await page.evaluate(() => hosted.add(3))
  await expect.poll(() => uploads.count(), soon).toBe(3)
  const overseer = await oversee(chromium(), site)
  await page.close()
  await overseer.stop()
  await overseer.sync()
  await expect.poll(() => uploads.count(), soon).toBe(6)
  uploads.release()
  await expect.poll(() => api.acks().length, soon).toBe(3)

  expect(api.fileCount()).toBe(3)
  const visitor = await visit(chromium(), site, { api: api.url, runs: false })
  const jobs = await visitor.evaluate(() => hosted.jobs())
  expect(jobs.map(({ id, crashes, errors }) => ({ id, crashes, errors }))).toEqual(
    ids.map((id) => ({ id, crashes: 0, errors: 0 })),
  )
})

test('at the deadline what runs is given back, the sync rejects, and the next one goes on', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  const uploads = holdUploads(api)
  const worker = workerFor(api, { deadlineMs: 1_500 })
  const page = await visit(chromium(), site, { api: api.url, runs: false, worker })
  const [id = ''] = await page.evaluate(() => hosted.add(1))
  await page.close()
  const overseer = await oversee(chromium(), site)
  await overseer.sync()
  await expect.poll(() => site.reports, soon).toContain('sync rejected')
  uploads.release()
  await overseer.sync()
  await expect.poll(() => api.acks().map(({ subject }) => subject), soon).toEqual([id])
  const visitor = await visit(chromium(), site, { api: api.url, runs: false })
  const [job] = await visitor.evaluate(() => hosted.jobs())
  expect(job).toMatchObject({ errors: 0, crashes: 0 })
  expect(job?.releases).toBeGreaterThan(0)
})

test('a job that is only delayed is no reason for the browser to try again', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  const page = await visit(chromium(), site, { api: api.url, runs: false, worker: workerFor(api) })
  await page.evaluate(() => hosted.add(1, { delayMs: 3_600_000 }))
  const overseer = await oversee(chromium(), site)
  await overseer.sync()
  await expect.poll(() => site.reports, soon).toContain('sync resolved')
  expect(site.reports).not.toContain('sync rejected')
  expect(await tagsIn(page)).toEqual([])
  expect(api.requests).toEqual([])
})
