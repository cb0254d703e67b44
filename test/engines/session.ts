import { makeFolder, removeFolder } from './drivers/processes.ts'
import { type Browser, type Engine, type Tab, until } from './engine.ts'
import { serveSite } from './site.ts'

/** One browser on a profile of its own, and the site it visits. */
export interface Session {
  readonly engine: Engine['name']
  readonly browser: Browser
  /** Opens the site in one more tab, ready to be used; at `path`, or at its root. */
  open(path?: string): Promise<Tab>
  /** Kills the browser, and starts it again on the same profile. */
  restart(): Promise<void>
  /** Ends everything, and removes the profile. */
  end(): Promise<void>
}

/** @throws Error when the engine cannot be had, or does not come up. */
export async function startSession(engine: Engine, isPrivate: boolean): Promise<Session> {
  const profile = makeFolder()
  const site = await serveSite()
  const launch = (): Promise<Browser> => engine.launch({ profile, isPrivate })
  const leave = async (): Promise<void> => {
    removeFolder(profile)
    await site.stop()
  }
  let browser = await launch().catch(async (error: unknown) => {
    await leave()
    throw error
  })
  return {
    engine: engine.name,
    get browser() {
      return browser
    },
    async open(path = '/') {
      const tab = await browser.open(site.url + path)
      const look = (): Promise<true | undefined> =>
        tab.evaluate(() => (typeof lab === 'object' ? true : undefined))
      await until(look, 'the page to be ready')
      return tab
    },
    async restart() {
      await browser.kill()
      browser = await launch()
    },
    async end() {
      await browser.kill()
      await leave()
    },
  }
}
