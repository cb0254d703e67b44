import puppeteer, { type Page } from 'puppeteer-core'
import { ensureEngine } from '../../tools/engines.ts'
import type { Browser, LaunchOptions, Tab } from '../engine.ts'
import { sourceOf } from './chromium.ts'
import { groupOf } from './processes.ts'

const preferences = {
  // The pages of one site are in several processes, as they are for users with enough memory.
  'dom.ipc.processCount.webIsolated': 4,
  'browser.sessionstore.resume_from_crash': false,
  'toolkit.startup.max_resumed_crashes': -1,
}

/** Firefox, over WebDriver BiDi. */
export async function launchFirefox({ profile, isPrivate }: LaunchOptions): Promise<Browser> {
  const { browser: executablePath } = await ensureEngine('firefox')
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    userDataDir: profile,
    extraPrefsFirefox: { ...preferences, 'browser.privatebrowsing.autostart': isPrivate },
    // Ours to do, with all the others.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  })
  const child = browser.process()
  if (child === null) throw new Error('Cannot start Firefox: it has no process')
  const group = groupOf(child)
  let cover: Page | undefined
  const hide = async (): Promise<void> => {
    cover ??= await browser.newPage()
    await cover.bringToFront()
  }
  return {
    version: (await browser.version()).replace(/^firefox\//, 'Firefox '),
    async open(url) {
      const page = await browser.newPage()
      await page.goto(url)
      return tabOf(page, hide)
    },
    async kill() {
      await group.kill()
      await browser.disconnect()
    },
  }
}

function tabOf(page: Page, hide: () => Promise<void>): Tab {
  return {
    evaluate: (work, given) => page.evaluate(sourceOf(work, given)) as Promise<never>,
    goto: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    // Not goBack(), which waits for a load: a page that comes out of the back/forward cache has none.
    back: async () => void (await page.evaluate('void setTimeout(() => history.back())')),
    close: () => page.close(),
    hide,
    show: () => page.bringToFront(),
    async setOffline(isOffline) {
      await page.setOfflineMode(isOffline)
      return true
    },
  }
}
