import type { CDPSession, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Api } from '../api.ts'
import { type Chromium, devTools } from '../chromium.ts'
import { soon } from '../tabs.ts'
import type { OpenOptions } from './page.ts'
import type { HostSite } from './site.ts'

export interface WorkerOptions {
  readonly deadlineMs?: number
  /** How long it takes to be installed. */
  readonly installMs?: number
  readonly hasNoSync?: boolean
}

/** The address of a worker that uploads to this API. */
export function workerFor(api: Api, options: WorkerOptions = {}): string {
  const query = new URLSearchParams({ api: api.url })
  for (const [name, value] of Object.entries(options)) if (value !== false) query.set(name, String(value))
  return `/worker.js?${query}`
}

/** A tab with the queue open in it, attached. */
export async function visit(chromium: Chromium, site: HostSite, options: OpenOptions): Promise<Page> {
  const page = await chromium.open(site.url)
  await page.evaluate((given) => hosted.open(given), options)
  return page
}

/** The browser's view of the site's service worker. It needs no tab of the site. */
export interface Overseer {
  /** Fires the worker's sync, as the browser does. Its tag is `uploads` unless another one is named. */
  sync(options?: { readonly lastChance?: boolean; readonly tag?: string }): Promise<void>
  /** Fires its periodic sync. */
  periodicSync(): Promise<void>
  /** Stops the worker, whatever it is doing. */
  stop(): Promise<void>
}

export async function oversee(chromium: Chromium, site: Pick<HostSite, 'url'>): Promise<Overseer> {
  const session: CDPSession = await devTools(await chromium.open('about:blank'))
  const registrations = new Map<string, string>()
  session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: updated }) => {
    for (const { scopeURL, registrationId, isDeleted } of updated) {
      if (isDeleted) registrations.delete(scopeURL)
      else registrations.set(scopeURL, registrationId)
    }
  })
  await session.send('ServiceWorker.enable')
  const idOf = async (): Promise<string> => {
    await expect.poll(() => registrations.has(`${site.url}/`), soon).toBe(true)
    return registrations.get(`${site.url}/`) ?? ''
  }
  return {
    async sync({ lastChance = false, tag = 'uploads' } = {}) {
      const registrationId = await idOf()
      await session.send('ServiceWorker.dispatchSyncEvent', {
        ...{ origin: site.url, registrationId, tag, lastChance },
      })
    },
    async periodicSync() {
      const registrationId = await idOf()
      await session.send('ServiceWorker.dispatchPeriodicSyncEvent', {
        ...{ origin: site.url, registrationId, tag: 'uploads' },
      })
    },
    async stop() {
      await session.send('ServiceWorker.stopAllWorkers')
    },
  }
}
