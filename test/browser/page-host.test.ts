import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { type Api, serveApi } from './support/api.ts'
import { devTools, startChromium, useChromium } from './support/chromium.ts'
import { type HostSite, serveHosts } from './support/hosts/site.ts'
import { visit, workerFor } from './support/hosts/visitor.ts'
import { scratchDirectory } from './support/scratch.ts'
import { holdUploads, soon } from './support/tabs.ts'

const chromium = useChromium()

const runner = (site: HostSite, api: Api): Promise<Page> =>
  visit(chromium(), site, { api: api.url, runs: true, starts: true })

const nameIn = (page: Page): Promise<string | undefined> =>
  page.evaluate(async () => (await hosted.queue.info()).worker.name)

const startedIn = (page: Page) => (): Promise<boolean> =>
  page.evaluate(async () => (await hosted.queue.info()).worker.started)

const runningIn = (page: Page) => (): Promise<number> =>
  page.evaluate(async () => (await hosted.queue.info()).worker.running)

/** What became of jobs, as any page has it. */
const outcomes = (page: Page, ids: readonly string[]) =>
  page.evaluate(async (wanted) => {
    const jobs = await hosted.jobs()
    return jobs
      .filter(({ id }) => wanted.includes(id))
      .map(({ state, errors, crashes }) => ({ state, errors, crashes }))
  }, ids)

const done = { state: 'completed', errors: 0, crashes: 0 }

test('a page that comes back from the back/forward cache goes on under a new name, while another tab did its jobs meanwhile', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  const uploads = holdUploads(api)
  const leaver = await runner(site, api)
  const ids = await leaver.evaluate(() => hosted.add(3))
  await expect.poll(() => uploads.count(), soon).toBe(3)
  const before = await nameIn(leaver)
  const heir = await runner(site, api)

  await leaver.goto(`${site.url}/elsewhere`)
  await expect.poll(() => uploads.count(), soon).toBe(6)
  uploads.release()
  await expect.poll(() => api.acks().length, soon).toBe(3)
  expect(await outcomes(heir, ids)).toEqual([done, done, done])
  expect(await heir.evaluate(() => hosted.told('reclaimed'))).toEqual(
    ids.map((id) => ({ id, kind: 'upload', cause: 'bye' })),
  )

  await leaver.goBack({ waitUntil: 'commit' })
  const life = ['pageshow false', 'pagehide true', 'freeze', 'resume', 'pageshow true']
  expect(await leaver.evaluate(() => hosted.life)).toEqual(life)
  await expect.poll(startedIn(leaver), soon).toBe(true)
  expect(await nameIn(leaver)).not.toBe(before)
  await heir.close()
  const more = await leaver.evaluate(() => hosted.add(2))
  await expect.poll(() => api.acks().length, soon).toBe(5)
  expect(await outcomes(leaver, [...ids, ...more])).toEqual([done, done, done, done, done])
  expect(api.fileCount()).toBe(5)
})

test('a page that was not started is not, either, when it comes back', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  const page = await visit(chromium(), site, { api: api.url, runs: true })
  await page.goto(`${site.url}/elsewhere`)
  await page.goBack({ waitUntil: 'commit' })
  expect(await page.evaluate(() => hosted.life)).toContain('pageshow true')
  await page.evaluate(() => hosted.add(1))
  expect(await startedIn(page)()).toBe(false)
})

test('a page whose worker is at its jobs gets into the back/forward cache, too, and sees them done when it is back', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  const uploads = holdUploads(api)
  const page = await visit(chromium(), site, { api: api.url, runs: false, worker: workerFor(api) })
  const ids = await page.evaluate(() => hosted.add(2))
  await expect.poll(() => uploads.count(), soon).toBe(2)
  await page.goto('about:blank')
  uploads.release()
  await expect.poll(() => api.acks().length, soon).toBe(2)
  await page.goBack({ waitUntil: 'commit' })
  expect(await page.evaluate(() => hosted.life.at(-1))).toBe('pageshow true')
  await expect.poll(() => outcomes(page, ids), soon).toEqual([done, done])
})

test('a tab that is frozen lets go of its jobs, and goes on when it is thawed', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  const uploads = holdUploads(api)
  const frozen = await runner(site, api)
  const ids = await frozen.evaluate(() => hosted.add(2))
  await expect.poll(() => uploads.count(), soon).toBe(2)
  const heir = await runner(site, api)
  const session = await devTools(frozen)
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  await expect.poll(() => uploads.count(), soon).toBe(4)
  uploads.release()
  await expect.poll(() => api.acks().length, soon).toBe(2)
  expect(await outcomes(heir, ids)).toEqual([done, done])
  await heir.close()

  await session.send('Page.setWebLifecycleState', { state: 'active' })
  await expect.poll(startedIn(frozen), soon).toBe(true)
  await frozen.evaluate(() => hosted.add(1))
  await expect.poll(() => api.acks().length, soon).toBe(3)
  expect(api.fileCount()).toBe(3)
})

const departures = [
  { name: 'is closed', leave: (page: Page) => page.close({ runBeforeUnload: true }), comesBack: false },
  {
    name: 'goes into the back/forward cache',
    leave: (page: Page, { url }: HostSite) => page.goto(`${url}/elsewhere`),
    comesBack: true,
  },
]

test.each(departures)(
  'acknowledgements that are unsent when a tab $name arrive all the same',
  async ({ leave, comesBack }) => {
    const [site, api] = [await serveHosts(), await serveApi()]
    const page = await visit(chromium(), site, {
      api: api.url,
      runs: true,
      starts: true,
      lingerMs: 3_600_000,
    })
    const ids = await page.evaluate(() => hosted.add(5))
    const finished = () => page.evaluate(async () => (await hosted.queue.info()).counts.completed)
    await expect.poll(finished, soon).toBe(5)
    expect(api.acks()).toEqual([])
    await leave(page, site)
    await expect.poll(() => api.acks().length, soon).toBe(5)
    expect(new Set(api.acks().map(({ subject }) => subject))).toEqual(new Set(ids))
    if (!comesBack) return
    await page.goBack({ waitUntil: 'commit' })
    expect(await page.evaluate(() => hosted.life.at(-1))).toBe('pageshow true')
    await page.evaluate(() => hosted.queue.flush())
    expect(api.acks()).toHaveLength(5)
  },
)

test('a page that runs jobs itself hands them to the worker when it is closed', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  const uploads = holdUploads(api)
  const options = { api: api.url, runs: true, starts: true, worker: workerFor(api) }
  const page = await visit(chromium(), site, options)
  await page.bringToFront()
  await page.evaluate(() => hosted.add(3))
  await expect.poll(() => uploads.count(), soon).toBe(3)
  await expect.poll(runningIn(page), soon).toBe(3)
  await page.close({ runBeforeUnload: true })
  await expect.poll(() => uploads.count(), soon).toBe(6)
  uploads.release()
  await expect.poll(() => api.acks().length, soon).toBe(3)
  expect(api.fileCount()).toBe(3)
})

const refusals = [
  {
    name: 'is denied',
    state: 'refused',
    hasNoSync: false,
    prepare: async (page: Page, site: HostSite) => {
      const session = await devTools(page)
      await session.send('Browser.setPermission', {
        ...{ permission: { name: 'background-sync' }, setting: 'denied', origin: site.url },
      })
    },
  },
  {
    name: 'does not exist',
    state: 'absent',
    hasNoSync: true,
    prepare: (page: Page) =>
      page.addInitScript(() => Reflect.deleteProperty(ServiceWorkerRegistration.prototype, 'sync')),
  },
]

test.each(refusals)(
  'where Background Sync $name, the page has the worker drain, and again when it is time',
  async ({ state, prepare, hasNoSync }) => {
    const [site, api] = [await serveHosts(), await serveApi()]
    let tries = 0
    // Three times in vain, so that it has to come back.
    api.strike = ({ path }) => (path === '/photos' && ++tries <= 3 ? 500 : undefined)
    const page = await chromium().open(site.url, (tab) => prepare(tab, site))
    const options = { api: api.url, runs: false, worker: workerFor(api, { hasNoSync }) }
    await page.evaluate((given) => hosted.open(given), options)
    await page.evaluate(() => hosted.add(3))
    await expect.poll(() => api.acks().length, soon).toBe(3)
    expect(api.fileCount()).toBe(3)
    expect(site.reports.filter((report) => report.startsWith('sync'))).toEqual([])
    await api.stop()
    await page.evaluate(() => hosted.add(1))
    await expect.poll(() => page.evaluate(() => hosted.host.sync.state), soon).toBe(state)
  },
)

test('on a first visit both syncs are registered once the worker is active, which took a while to be installed', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  const uploads = holdUploads(api)
  const page = await chromium().open(site.url)
  const session = await devTools(page)
  await session.send('Browser.setPermission', {
    ...{ permission: { name: 'periodic-background-sync' }, setting: 'granted', origin: site.url },
  })
  const worker = workerFor(api, { installMs: 3_000 })
  const options = { api: api.url, runs: true, starts: true, worker, waits: false, periodicMs: 60_000 }
  await page.evaluate((given) => hosted.open(given), options)
  expect(await page.evaluate(() => hosted.registration?.active)).toBe(null)
  await page.evaluate(() => hosted.add(1))
  // The page itself is at it: nothing happens in the queue from here on.
  await expect.poll(() => uploads.count(), soon).toBe(1)
  const outcomes = () => page.evaluate(() => [hosted.host.sync.state, hosted.host.periodicSync.state])
  expect(await outcomes()).toEqual(['unknown', 'absent'])
  await expect.poll(outcomes, soon).toEqual(['registered', 'registered'])
  uploads.release()
  await expect.poll(() => api.acks().length, soon).toBe(1)
})

test('a page has the worker drain at once, and hears what came of it', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  const page = await visit(chromium(), site, { api: api.url, runs: false, worker: workerFor(api) })
  expect(await page.evaluate(() => hosted.host.drain())).toMatchObject({ completed: 0, stopped: 'idle' })
  const uploads = holdUploads(api)
  await page.evaluate(() => hosted.add(2))
  // Whoever woke it first: whoever asks joins, and hears the same.
  await expect.poll(() => uploads.count(), soon).toBe(2)
  const drained = page.evaluate(() => hosted.host.drain())
  uploads.release()
  expect(await drained).toMatchObject({ completed: 2, remaining: 0 })
  expect(api.acks()).toHaveLength(2)
})

test('a page warns once before the quota is reached, and once more after there was room', async () => {
  const [site, api] = [await serveHosts(), await serveApi()]
  // Since 138 it tells pages of a quota that is 10 GiB more than they use, whatever the true one is.
  const honest = await startChromium(scratchDirectory(), undefined, ['--disable-features=StaticStorageQuota'])
  const page = await visit(honest, site, { api: api.url, runs: false })
  const session = await devTools(page)
  const setQuota = (quotaSize: number) =>
    session.send('Storage.overrideQuotaForOrigin', { origin: site.url, quotaSize })
  const warnings = () => page.evaluate(() => hosted.told('warning').length)
  const enough = 100_000_000
  await setQuota(enough)
  await page.evaluate(() => hosted.add(1))
  expect(await page.evaluate(async () => (await hosted.queue.info()).store.quota)).toBe(enough)
  expect(await warnings()).toBe(0)

  const usage = await page.evaluate(async () => (await hosted.queue.info()).store.usage)
  await setQuota(Math.ceil(Number(usage) / 0.95))
  await page.evaluate(() => hosted.add(1))
  await expect.poll(warnings, soon).toBe(1)
  await page.evaluate(() => hosted.queue.info())
  expect(await warnings()).toBe(1)
  await setQuota(enough)
  await page.evaluate(() => hosted.queue.info())
  await setQuota(Math.ceil(Number(usage) / 0.95))
  await page.evaluate(() => hosted.queue.info())
  expect(await warnings()).toBe(2)
})
