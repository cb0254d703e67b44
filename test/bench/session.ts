import { launchChromium } from '../engines/drivers/chromium.ts'
import { launchFirefox } from '../engines/drivers/firefox.ts'
import { makeFolder, removeFolder } from '../engines/drivers/processes.ts'
import { launchWebKit } from '../engines/drivers/webkit.ts'
import { type Launch, type Tab, until } from '../engines/engine.ts'
import type { EngineName } from '../tools/engines.ts'
import { serveBench } from './site.ts'

const launches: Readonly<Record<EngineName, Launch>> = {
  chromium: launchChromium,
  firefox: launchFirefox,
  webkit: launchWebKit,
}

/** One browser with the bench's page. */
export interface Session {
  readonly engine: EngineName
  readonly version: string
  readonly profile: string
  readonly url: string
  /** Opens the page of the bench in one more tab, ready to be used. */
  open(): Promise<Tab>
  end(): Promise<void>
}

export async function startSession(engine: EngineName, isReadable = false): Promise<Session> {
  const profile = makeFolder()
  const site = await serveBench(isReadable)
  // The page collects its garbage between two runs, so that none pays for another's.
  const options = { profile, isPrivate: false, args: ['--js-flags=--expose-gc'] }
  const browser = await launches[engine](options).catch(async (error: unknown) => {
    await site.stop()
    throw error
  })
  return {
    engine,
    version: browser.version,
    profile,
    url: site.url,
    async open() {
      const tab = await browser.open(`${site.url}/`)
      const look = (): Promise<true | undefined> =>
        tab.evaluate(() => (typeof bench === 'object' && bench.isReady() ? true : undefined))
      await until(look, 'the page of the bench to be ready')
      return tab
    },
    async end() {
      await browser.kill()
      await site.stop()
      removeFolder(profile)
    },
  }
}
