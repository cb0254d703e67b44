import type { CDPSession, Page } from 'playwright-core'
import { type Chromium, devTools } from '../../browser/support/chromium.ts'
import type { Failure, OpenOptions, Outbox, Place, Tab, TabOptions } from '../contract.ts'
import { measureStorage } from './storage.ts'

/** A tab as the lab has it. */
export interface OpenTab extends Tab {
  /** Neither closed nor crashed. */
  readonly isAlive: boolean
  setOffline(isOffline: boolean): Promise<void>
  /** The tags that wait for a Background Sync. */
  syncTags(): Promise<readonly string[]>
}

export async function openTab(
  { context }: Chromium,
  url: string,
  { place, kinds, early }: TabOptions & { readonly place: Place },
): Promise<OpenTab> {
  const page = await context.newPage()
  const session = await devTools(page)
  const query = new URLSearchParams(early === undefined ? {} : { early: JSON.stringify(early), place })
  await page.goto(`${url}/?${query}`)
  const options: OpenOptions = { place, ...(kinds !== undefined && { kinds }) }
  const open = (): Promise<void> => page.evaluate((given) => outbox.open(given), options)
  if (early === undefined) await open()
  return tabOf(page, session, open)
}

function tabOf(page: Page, session: CDPSession, open: () => Promise<void>): OpenTab {
  let isAlive = true
  page.once('close', () => {
    isAlive = false
  })
  const skill = (name: keyof Outbox): Promise<unknown> =>
    page.evaluate(async (called) => {
      const does: unknown = Reflect.get(outbox, called)
      if (typeof does !== 'function') throw new Error(`Cannot call ${called}: this peer has no such skill`)
      return does.call(outbox)
    }, name)

  return {
    page,
    get isAlive() {
      return isAlive
    },
    put: (write) => page.evaluate((given) => outbox.put(given), write),
    drain: async () => void (await skill('drain')),
    waiting: async () => (await skill('waiting')) as readonly string[],
    sent: async () => (await skill('sent')) as readonly string[],
    failures: async () => (await skill('failures')) as readonly Failure[],
    signedIn: async () => void (await skill('signedIn')),
    strangers: async () => (await skill('strangers')) as readonly string[],
    early: () => page.evaluate(() => globalThis.early),
    stored: () => page.evaluate(measureStorage),
    async reload() {
      await page.reload()
      await open()
    },
    async close() {
      if (isAlive) await page.close()
      isAlive = false
    },
    async crash() {
      const crashed = new Promise((resolve) => page.once('crash', resolve))
      isAlive = false
      // Never answered: who would answer is dead.
      session.send('Page.crash').catch(() => undefined)
      await crashed
      await page.close()
    },
    async freeze() {
      await page.evaluate(() => {
        document.addEventListener('freeze', () => {
          document.documentElement.dataset.frozen = ''
        })
      })
      await session.send('Page.setWebLifecycleState', { state: 'frozen' })
      let isStill = false
      while (!isStill) isStill = await page.evaluate(() => 'frozen' in document.documentElement.dataset)
      return async () => void (await session.send('Page.setWebLifecycleState', { state: 'active' }))
    },
    async setOffline(isOffline) {
      await session.send('Network.emulateNetworkConditions', {
        ...{ offline: isOffline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 },
      })
    },
    syncTags: () =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.getRegistration()
        const sync: unknown = Reflect.get(Object(registration), 'sync')
        return sync ? Reflect.get(Object(sync), 'getTags').call(sync) : []
      }),
  }
}
