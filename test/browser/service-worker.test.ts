import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { serveApi } from './support/api.ts'
import { startChromium, useChromium } from './support/chromium.ts'
import { type HostSite, serveHosts } from './support/hosts/site.ts'
import { oversee, visit, workerFor } from './support/hosts/visitor.ts'
import { hastySyncs, watchSyncs } from './support/hosts/syncs.ts'
import { scratchDirectory } from './support/scratch.ts'
import { holdUploads, soon } from './support/tabs.ts'

const chromium = useChromium()

const openTabs = (site: HostSite): Page[] =>
  chromium()
    .context.pages()
    .filter((page) => page.url().startsWith(site.url))

/** How often its worker was started. */
const startsOf = ({ reports }: HostSite): number =>
  reports.filter((report) => report === 'worker started').length

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

test('photos taken in while the server is away arrive by a periodicsync, with no tab open', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  await api.stop()
  const page = await visit(chromium(), site, { api: api.url, runs: false, worker: workerFor(api) })
  await page.evaluate(() => hosted.add(3))
  await expect.poll(heldIn(page), soon).toBe(1)
  await page.close()

  const overseer = await oversee(chromium(), site)
  await overseer.stop()
  await api.start()
  const before = site.reports.length
  await overseer.periodicSync()
  await expect.poll(() => api.acks().length, soon).toBe(3)
  expect(api.fileCount()).toBe(3)
  expect(openTabs(site)).toEqual([])
  // Where the machine is slow Chromium comes with the sync, too, that the page had registered.
  const ownDoing = (): string[] => site.reports.slice(before).filter((report) => report !== 'sync resolved')
  await expect.poll(ownDoing, soon).toEqual(['worker started', 'periodicsync resolved'])
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
  await overseer.sync({ lastChance: true })
  await expect.poll(() => site.reports, soon).toContain('last sync rejected')
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

test('what is left after the browser’s own last chance is registered anew by the next event, though nothing is due yet, and arrives', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  const hasty = await startChromium(scratchDirectory(), undefined, hastySyncs)
  const syncs = await watchSyncs(hasty)
  const worker = workerFor(api, { deadlineMs: 2_000 })
  const page = await visit(hasty, site, { api: api.url, runs: false, worker })
  // It looked as it became active: the first look after its start would find what is held in any case.
  await expect.poll(() => site.reports, soon).toContain('activate resolved')
  Object.assign(api, { strike: () => 503, retryAfter: 600 })
  const [id = ''] = await page.evaluate(() => hosted.add(1))
  await expect.poll(heldIn(page), soon).toBe(1)
  await page.close()
  await expect.poll(() => syncs, soon).toContain('Dispatched sync event, the last chance')
  await expect.poll(() => site.reports, soon).toContain('last sync rejected')
  // It is done with it, however it ended.
  await expect.poll(() => syncs.at(-1), soon).toBe('Sync completed')

  const [before, starts] = [syncs.length, startsOf(site)]
  // It opens no queue: what wakes the worker are this page's own requests.
  const visitor = await hasty.open(site.url)
  await expect.poll(() => syncs.slice(before), soon).toContain('Registered sync')
  expect(startsOf(site)).toBe(starts)
  expect(api.acks()).toEqual([])
  Object.assign(api, { strike: () => undefined })
  await visitor.evaluate((given) => hosted.open(given), { api: api.url, runs: false })
  await visitor.evaluate(() => hosted.queue.resume())
  await visitor.close()
  await expect.poll(() => api.acks().map(({ subject }) => subject), soon).toEqual([id])
  expect(api.fileCount()).toBe(1)
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
