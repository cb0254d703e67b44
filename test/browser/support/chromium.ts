import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { chromiumArgs, findChromium } from '../../tools/chromium.ts'
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
 * @throws Error when there is no Chromium, or it does not come up.
 */
export async function startChromium(
  profile: string,
  atEnd: (kill: () => Promise<void>) => void = onTestFinished,
  more: readonly string[] = [],
): Promise<Chromium> {
  const path = findChromium()
  if (path === undefined)
    throw new Error('Cannot start Chromium: it is not installed; see test/tools/chromium.ts')
  const args = [
    '--headless=new',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    ...chromiumArgs,
    ...more,
  ]
  const child = spawn(path, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  const kill = () => killGroup(child)
  atEnd(kill)
  // Without the defaults, since one of them has every tab take itself for the visible one: none could be frozen.
  const browser = await chromium.connectOverCDP(await endpointOf(child), {
    noDefaults: true,
    isLocal: true,
  })
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
    async kill() {
      await kill()
      // What the connection still waits for was asked of a process that is gone.
      await browser.close()
    },
  }
}

/** A DevTools session of one tab. */
export function devTools(page: Page): Promise<CDPSession> {
  return page.context().newCDPSession(page)
}

async function endpointOf(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error('Cannot start Chromium: its output is not piped')
  const said: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    const endpoint = /^DevTools listening on (ws:\S+)/.exec(line)?.[1]
    if (endpoint !== undefined) {
      child.stderr.resume()
      return endpoint
    }
    said.push(line)
  }
  throw new Error(`Cannot start Chromium: ${said.join('\n')}`)
}

/** The browser leads a process group of its own: its renderers and helpers go with it. */
async function killGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return
  const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
  await gone
}
