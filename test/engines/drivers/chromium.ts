import { type Browser as Connection, chromium, errors, type Page } from 'playwright-core'
import { chromiumArgs } from '../../tools/chromium.ts'
import { ensureEngine } from '../../tools/engines.ts'
import type { Browser, LaunchOptions, Tab } from '../engine.ts'
import { lineOf, startGroup } from './processes.ts'

/** How long a Chromium is given to answer its DevTools, and how many are started before none is expected to. */
const answerMs = 15_000
const maxTries = 3

/** Chromium as it was started: the connection to it, and its processes. */
export interface Started {
  readonly browser: Connection
  /** Kills every process of it at once, as a power cut would; resolves when all of it is gone. */
  kill(): Promise<void>
}

/**
 * Starts Chromium as processes of ours, so that it can be killed like them, and connects to its DevTools. In one of some
 * hundred starts it listens and says nothing, most often on the profile of one that was killed: then it is killed, and
 * another one started.
 */
export async function startChromium(profile: string, more?: readonly string[]): Promise<Started> {
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(chromiumArgs(profile, more))
    } catch (error) {
      if (tries === maxTries || !(error instanceof errors.TimeoutError)) throw error
      console.error(`Chromium did not answer its DevTools within ${answerMs} ms: starting another one`)
    }
  }
}

async function startOnce(args: readonly string[]): Promise<Started> {
  const { browser: program } = await ensureEngine('chromium')
  const group = startGroup(program, args, {}, ['ignore', 'ignore', 'pipe'])
  try {
    const endpoint = await lineOf(group.child.stderr, /^DevTools listening on (ws:\S+)/)
    // Without the defaults, since one of them has every tab take itself for the visible one: none could be frozen.
    const browser = await chromium.connectOverCDP(endpoint, {
      noDefaults: true,
      isLocal: true,
      timeout: answerMs,
    })
    return {
      browser,
      async kill() {
        await group.kill()
        // What the connection still waits for was asked of a process that is gone.
        await browser.close()
      },
    }
  } catch (error) {
    await group.kill()
    throw error
  }
}

/** Chromium, over its DevTools protocol. */
export async function launchChromium({ profile, isPrivate, args }: LaunchOptions): Promise<Browser> {
  const { browser, kill } = await startChromium(profile, args)
  try {
    const [kept] = browser.contexts()
    const context = isPrivate || kept === undefined ? await browser.newContext() : kept
    let cover: Page | undefined
    const hide = async (): Promise<void> => {
      cover ??= await context.newPage()
      await cover.bringToFront()
    }
    return {
      version: `Chromium ${browser.version()}`,
      async open(url) {
        const page = await context.newPage()
        await page.goto(url)
        return tabOf(page, hide)
      },
      kill,
    }
  } catch (error) {
    await kill()
    throw error
  }
}

function tabOf(page: Page, hide: () => Promise<void>): Tab {
  return {
    evaluate: (work, given) => page.evaluate(sourceOf(work, given)) as Promise<never>,
    goto: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    back: async () => void (await page.goBack({ waitUntil: 'commit' })),
    close: () => page.close(),
    hide,
    show: () => page.bringToFront(),
    async setOffline(offline) {
      const session = await page.context().newCDPSession(page)
      const unlimited = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 }
      await session.send('Network.enable')
      await session.send('Network.emulateNetworkConditions', { offline, ...unlimited })
      return true
    },
  }
}

/** A call of the function, as text: every engine can be given one. */
export function sourceOf(work: unknown, given: unknown): string {
  return `(${String(work)})(${JSON.stringify(given) ?? 'undefined'})`
}
