import { isDeepStrictEqual } from 'node:util'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { devTools, startChromium, useChromium } from './support/chromium.ts'
import { type Demo, hashesOf, pick, pictures, serveDemo, texts, titles } from './support/demo.ts'
import { oversee } from './support/hosts/visitor.ts'
import { scratchDirectory } from './support/scratch.ts'
import { soon } from './support/tabs.ts'

const chromium = useChromium()

const device = (page: Page): Promise<string[]> => texts(page, '#device-chips .chip')
const states = (page: Page): Promise<string[]> => texts(page, '#jobs .chip')
const heading = (page: Page): Promise<string> => page.locator('#banner').innerText()

/** A tab whose page is kept for offline use. */
async function openReady({ siteUrl }: Pick<Demo, 'siteUrl'>, browser = chromium()): Promise<Page> {
  const page = await browser.open(siteUrl)
  await expect.poll(() => device(page), soon).toContain('Works offline')
  return page
}

test('Chromium finds nothing that keeps the page from being installed', async () => {
  const page = await openReady(await serveDemo())
  await expect.poll(() => page.getByRole('button', { name: 'Install' }).isVisible(), soon).toBe(true)
  const session = await devTools(page)
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
  expect(installabilityErrors).toEqual([])
  const { data, errors } = await session.send('Page.getAppManifest')
  expect(errors).toEqual([])
  const icons: { src: string; sizes: string; purpose: string }[] = JSON.parse(data ?? '').icons
  expect(icons.map(({ sizes, purpose }) => `${sizes} ${purpose}`)).toEqual([
    '192x192 any',
    '512x512 any',
    '512x512 maskable',
  ])
  const drawn = await page.evaluate(
    async (paths) => {
      const bitmaps = paths.map(async (path) => createImageBitmap(await (await fetch(path)).blob()))
      return (await Promise.all(bitmaps)).map(({ width, height }) => `${width}x${height}`)
    },
    icons.map(({ src }) => src),
  )
  expect(drawn).toEqual(icons.map(({ sizes }) => sizes))
})

test('after a cold start with the servers gone the page opens and takes photos in; all arrive once they are back', async () => {
  const [demo, profile] = [await serveDemo(), scratchDirectory()]
  const before = await startChromium(profile)
  const page = await openReady(demo, before)
  const done = pictures(1)
  await pick(page, done)
  await expect.poll(() => states(page), soon).toEqual(['Uploaded', 'Acknowledged'])
  await page.reload()
  const thumbs = (tab: Page) => (): Promise<number> => tab.locator('#jobs .thumb img.loaded').count()
  await expect.poll(thumbs(page), soon).toBe(1)
  await demo.stop()
  await before.kill()

  const after = await startChromium(profile)
  const cold = await openReady(demo, after)
  await expect.poll(() => texts(cold, '#server-state'), soon).toEqual(['Out of reach'])
  const added = pictures(4).slice(1)
  await pick(cold, added)
  await expect.poll(() => titles(cold), soon).toEqual(['shore-4', 'shore-3', 'shore-2', 'shore-1'])
  await expect.poll(() => heading(cold), soon).toContain('The server does not answer.')
  await expect.poll(() => states(cold), soon).toEqual(['Held', 'Held', 'Held', 'Uploaded', 'Acknowledged'])
  await expect.poll(() => cold.title(), soon).toBe('(3) Photos · Holdfast')
  // Those that wait from their own bytes, and the one that is done from what the server showed before.
  await expect.poll(thumbs(cold), soon).toBe(4)

  await demo.start()
  await expect.poll(() => cold.locator('#jobs .row[data-state=completed]').count(), soon).toBe(4)
  await expect.poll(() => texts(cold, '#acks-state'), soon).toEqual(['4, gap-free'])
  expect(demo.hashes()).toEqual(hashesOf([...done, ...added]))
})

test('with all tabs closed, a sync has the worker send every photo', async () => {
  const demo = await serveDemo()
  const page = await openReady(demo)
  demo.servers.weather.set({ down: true })
  const files = pictures(12)
  await pick(page, files)
  await expect.poll(() => heading(page), soon).toContain('The server is not available.')
  await page.close()
  const overseer = await oversee(chromium(), { url: demo.siteUrl })
  await overseer.stop()
  demo.servers.weather.set({ down: false })
  await overseer.sync({ tag: 'photos' })
  await expect.poll(() => demo.hashes(), soon).toEqual(hashesOf(files))
  const open = chromium()
    .context.pages()
    .filter((each) => each.url().startsWith(demo.siteUrl))
  expect(open).toEqual([])

  const next = await chromium().open(demo.siteUrl)
  await expect.poll(() => texts(next, '#acks-state'), soon).toEqual(['12, gap-free'])
  await expect.poll(() => next.locator('#jobs .row[data-state=completed]').count(), soon).toBe(12)
  expect(demo.hashes()).toHaveLength(12)
})

/** All that a tab shows of the queue and of the server, in words. */
function truthIn(page: Page): Promise<Record<string, unknown>> {
  return page.evaluate(() => {
    const said = (selector: string): string[] =>
      [...document.querySelectorAll<HTMLElement>(selector)]
        .filter((element) => element.closest('[hidden]') === null)
        .map((element) => element.textContent ?? '')
    const switches = [...document.querySelectorAll<HTMLInputElement>('#switches input')]
    return {
      uploads: said('#jobs :is(h3, .facts-line, .chip)'),
      letters: said('#dead :is(h3, .facts-line, .chip, .error)'),
      captions: [...document.querySelectorAll<HTMLInputElement>('#dead input')].map(({ value }) => value),
      counts: said('#counters dd'),
      notice: said('#banner span:first-child'),
      pause: said('#pause'),
      server: said('#server-state, #acks-state, #stored-count, #acks .number, #acks .name'),
      switches: switches.map(({ checked, value }) => [checked, value]),
    }
  })
}

/** What one tab shows and the other does not. */
async function differences(one: Page, other: Page): Promise<unknown[]> {
  const [mine, theirs] = await Promise.all([truthIn(one), truthIn(other)])
  return Object.keys(mine)
    .filter((name) => !isDeepStrictEqual(mine[name], theirs[name]))
    .map((name) => [name, mine[name], theirs[name]])
}

test('two tabs show the same: what one of them does, and what was done while one was frozen', async () => {
  const demo = await serveDemo()
  const [one, other] = [await openReady(demo), await openReady(demo)]
  const letters = (): Promise<string[]> => texts(other, '#dead h3')
  const agree = (): Promise<void> => expect.poll(() => differences(one, other), soon).toEqual([])
  await other.bringToFront()
  await other.getByLabel('Down').check()
  await pick(one, pictures(2))
  await expect.poll(() => titles(other), soon).toEqual(['shore-2', 'shore-1'])
  await expect.poll(() => states(other), soon).toEqual(['Held', 'Held'])
  await agree()
  expect(await one.getByLabel('Down').isChecked()).toBe(true)

  await other.getByLabel('Down').uncheck()
  await other.getByRole('button', { name: 'Make one that is refused' }).click()
  await expect.poll(letters, soon).toEqual(['What a view!'])
  await expect.poll(() => texts(other, '#acks .number'), soon).toEqual(['#3', '#2', '#1'])
  await agree()

  const session = await devTools(one)
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  await other.getByLabel('Caption of What a view!').fill('What a view')
  await other.getByRole('button', { name: 'Redrive What a view!' }).click()
  await expect.poll(() => texts(other, '#acks .number'), soon).toEqual(['#4', '#3', '#2', '#1'])
  await other.getByLabel('Latency').fill('200')
  await other.getByRole('button', { name: 'Pause' }).click()
  await pick(other, pictures(3).slice(2))
  await expect.poll(async () => (await states(other))[0], soon).toBe('Paused')
  await session.send('Page.setWebLifecycleState', { state: 'active' })
  await expect.poll(() => texts(one, '#pause'), soon).toEqual(['Resume'])
  await agree()
  expect(await letters()).toEqual([])
  expect(await one.getByLabel('Latency').inputValue()).toBe('200')
})

test('a newer version waits until it is asked for, and loses no photo that is on its way; an open tab goes on', async () => {
  const demo = await serveDemo()
  const [one, other] = [await openReady(demo), await openReady(demo)]
  const releaseIn = async (page: Page): Promise<string | undefined> =>
    (await page.locator('#facts').innerText()).split('release ')[1]
  await other.getByRole('button', { name: 'Pause' }).click()
  const files = pictures(5)
  await pick(one, files.slice(0, 4))
  await expect.poll(() => states(one), soon).toEqual(['Paused', 'Paused', 'Paused', 'Paused'])
  await demo.stop()
  await demo.start('2')

  await one.bringToFront()
  const notice = (page: Page): Promise<string[]> => texts(page, '#update p')
  // As the browser does by itself whenever the page is opened. Again until it is found: one that is asked for joins one
  // that is under way, which may be with the server that was stopped.
  const askAgain = async (): Promise<string[]> => {
    await one.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()))
    return notice(one)
  }
  await expect.poll(askAgain, soon).toEqual(['A new version is ready.'])
  await one.reload()
  await expect.poll(() => notice(one), soon).toEqual(['A new version is ready.'])
  expect(await releaseIn(one)).toBe('1')

  demo.servers.weather.set({ latencyMs: 1_500 })
  await one.getByRole('button', { name: 'Resume' }).click()
  await expect.poll(() => one.locator('#jobs .row[data-state=running]').count(), soon).toBe(3)
  await one.getByRole('button', { name: 'Update now' }).click()
  await expect.poll(() => releaseIn(one), soon).toBe('2')
  demo.servers.weather.set({ latencyMs: 0 })
  await expect.poll(() => notice(other), soon).toEqual(['A new version runs in another tab.'])
  const shells = await one.evaluate(async () =>
    (await caches.keys()).filter((name) => name.includes('shell')),
  )
  expect(shells).toHaveLength(1)

  await pick(other, files.slice(4))
  await expect.poll(() => one.locator('#jobs .row[data-state=completed]').count(), soon).toBe(5)
  expect(await releaseIn(other)).toBe('1')
  expect(demo.hashes()).toEqual(hashesOf(files))
  await demo.stop()
  await one.reload()
  await expect.poll(() => titles(one), soon).toEqual(['shore-5', 'shore-4', 'shore-3', 'shore-2', 'shore-1'])
  expect(await releaseIn(one)).toBe('2')
})

test('where there is no service worker the page says so, and works', async () => {
  const demo = await serveDemo()
  const page = await chromium().open(demo.siteUrl, (tab) =>
    tab.addInitScript(() => {
      Reflect.deleteProperty(Navigator.prototype, 'serviceWorker')
    }),
  )
  await expect.poll(() => device(page), soon).toContain('Opens online only')
  const files = pictures(2)
  await pick(page, files)
  await expect.poll(() => page.locator('#jobs .row[data-state=completed]').count(), soon).toBe(2)
  expect(demo.hashes()).toEqual(hashesOf(files))
})
