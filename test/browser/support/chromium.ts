import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { startChromium as launch } from '../../engines/drivers/chromium.ts'
import { makeDirectory } from './scratch.ts'

/** A whole Chromium of its own, on a profile that outlives it. */
export interface Chromium {
  readonly context: BrowserContext
  /** Another tab, in a renderer process of its own, at `url`. Closed when the test is over. */
  open(url: string, prepare?: (page: Page) => Promise<unknown>): Promise<Page>
  /** Kills every process of it at once, as a power cut would; resolves when the browser is gone. */
  kill(): Promise<void>
}

/** One Chromium for all tests of a file: each serves its own site, so each has an origin of its own. */
export function useChromium(): () => Chromium {
  let chromium: Chromium | undefined
  const undo: (() => unknown)[] = []
  beforeAll(async () => {
    const { path, remove } = makeDirectory()
    undo.push(remove)
    chromium = await startChromium(path, (kill) => undo.push(kill))
  })
  afterAll(async () => {
    for (const each of undo.reverse()) await each()
  })
  return () => {
    if (chromium === undefined) throw new Error('Cannot use Chromium: it was not started')
    return chromium
  }
}

/**
 * Starts Chromium as a process of ours, so that it can be killed like one. Killed when the test is over. `more` are
 * further arguments.
 *
 * @throws Error when there is no Chromium, and it cannot be installed, or it does not come up.
 */
export async function startChromium(
  profile: string,
  atEnd: (kill: () => Promise<void>) => void = onTestFinished,
  more: readonly string[] = [],
): Promise<Chromium> {
  const launching = launch(profile, more)
  // At once: a test that gives up meanwhile leaves none behind. One that does not come up kills itself.
  atEnd(async () => (await launching.catch(() => undefined))?.kill())
  const { browser, kill } = await launching
  const [context] = browser.contexts()
  if (context === undefined) throw new Error('Cannot use Chromium: it has no default context')
  return {
    context,
    async open(url, prepare) {
      const page = await context.newPage()
      onTestFinished(() => page.close().catch(() => undefined))
      await prepare?.(page)
      await page.goto(url)
      return page
    },
    kill,
  }
}

/** A DevTools session of one tab. */
export function devTools(page: Page): Promise<CDPSession> {
  return page.context().newCDPSession(page)
}
