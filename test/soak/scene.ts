import { makeFolder, removeFolder } from '../engines/drivers/processes.ts'
import type { Loopback } from '../tools/loopback.ts'
import { type Browser, startBrowser, type Target } from './browser.ts'
import { draws } from './draw.ts'
import type { Look } from './page/page.ts'
import type { Life, Message } from './page/told.ts'
import { createRecord, type Record } from './record.ts'
import { type Server, serveApi } from './server.ts'
import { serveSite } from './site.ts'
import { until, within } from './until.ts'

/** What a tab is for: to enqueue and run, to run alone, or only to look. */
export type Role = 'produces' | 'alone' | 'looks'

/** The browser, its tabs, their worker, and the server. */
export interface Scene {
  readonly site: Loopback
  readonly server: Server
  readonly record: Record
  readonly browser: Browser
  /** The tabs that the faults are for. */
  readonly tabs: Target[]
  /** Resolves once its queue is open, and does what it is for. */
  open(role: Role): Promise<Target>
  /** Another browser on the same profile, in the place of one that was killed. */
  restart(): Promise<void>
  /** The name of what runs in a tab or worker. */
  contextOf(target: Target): string
  /** Whether a context told of its life, from `since` on. */
  hasTold(context: string, what: Life['what'], since: number): boolean
  close(): Promise<void>
}

export async function setScene(seed: number): Promise<Scene> {
  const draw = draws(seed)
  const [site, server, record, profile] = [
    await serveSite(),
    await serveApi(draws(seed)),
    createRecord(),
    makeFolder(),
  ]
  const start = (): Promise<Browser> =>
    startBrowser(profile, {
      heard(text, target) {
        const message = JSON.parse(text) as Message
        if (!target.contexts.includes(message.context)) {
          // There is one instance of a worker at a time.
          if (target.type === 'service_worker') noteLost(record, target)
          target.contexts.push(message.context)
        }
        record.hear(message)
      },
      stopped: (workers) => {
        for (const worker of workers) noteLost(record, worker)
      },
    })
  let browser = await start()
  let opened = 0
  const hasTold: Scene['hasTold'] = (context, what, since) =>
    record.lives.some((life) => life.context === context && life.what === what && life.at >= since)
  const contextOf = ({ contexts, type }: Target): string => contexts.at(-1) ?? `a ${type} that told nothing`
  return {
    ...{ site, server, record, tabs: [], contextOf, hasTold },
    get browser() {
      return browser
    },
    async open(role) {
      opened += 1
      const query = { tab: `tab-${opened}`, api: server.url, seed: String(draw.upTo(1e9)), [role]: '' }
      const tab = await browser.open(`${site.url}/?${new URLSearchParams(query)}`)
      await until('a tab is ready', () => hasTold(contextOf(tab), 'ready', 0), 120_000)
      return tab
    },
    async restart() {
      browser = await start()
    },
    async close() {
      await browser.kill()
      removeFolder(profile)
      await Promise.all([site.stop(), server.stop()])
    },
  }
}

/** Calls the page's `soak`. */
export async function ask(
  tab: Target,
  call: 'rest()' | 'add()' | 'look()',
  limitMs = 60_000,
): Promise<unknown> {
  const given = { expression: `soak.${call}`, awaitPromise: true, returnByValue: true }
  const { result, exceptionDetails } = await within(call, tab.send('Runtime.evaluate', given), limitMs)
  if (exceptionDetails) throw new Error(`${call} failed: ${exceptionDetails.exception?.description}`)
  return result.value
}

/** What is left in the queue, as a tab has it. */
export async function look(tab: Target): Promise<Look> {
  return (await ask(tab, 'look()')) as Look
}

/**
 * A worker is gone. If nobody ordered that, it was the browser's own will (it takes a worker for hung, say): some time after the
 * last word that was heard of it.
 */
function noteLost(record: Record, { contexts }: Target): void {
  for (const context of contexts) {
    if (record.deadAt.has(context)) continue
    const from = record.lastAt.get(context) ?? Date.now()
    record.deadAt.set(context, from)
    const variant = 'by the browser itself'
    record.faults.push({
      kind: 'worker stop',
      variant,
      from,
      until: Date.now(),
      contexts: new Set([context]),
    })
  }
}
