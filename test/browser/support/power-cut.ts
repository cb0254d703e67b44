import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { type Api, serveApi } from './api.ts'
import { startChromium } from './chromium.ts'
import { makeImages, pick } from './images.ts'
import { scratchDirectory } from './scratch.ts'
import { serveSite } from './server.ts'
import { soon } from './tabs.ts'

/** A way for the API to be down. */
export interface Outage {
  readonly name: string
  begin(api: Api): unknown
  end(api: Api): unknown
  /** What the hold that it opens says. */
  readonly cause: 'no-response' | 'unavailable'
}

export const refusesConnections: Outage = {
  name: 'refuses connections',
  begin: (api) => api.stop(),
  end: (api) => api.start(),
  cause: 'no-response',
}

export const answers503: Outage = {
  name: 'answers 503',
  begin(api) {
    api.strike = () => 503
  },
  end(api) {
    api.strike = () => undefined
  },
  cause: 'unavailable',
}

/** What there is once the browser runs again and the API is up. */
export interface Aftermath {
  readonly api: Api
  /** A page of the new browser, whose queue has started. */
  readonly page: Page
  /** What was picked, by the file's name. */
  readonly files: ReadonlyMap<string, Buffer>
  /** The jobs, by the file's name. */
  readonly ids: ReadonlyMap<string, string>
}

/**
 * Picks 20 pictures, and `extra` after them, while the API is down; reloads the page, has it start and meet the outage,
 * kills the browser, ends the outage, and starts the browser and the queue again on the same profile.
 */
export async function throughPowerCut(
  outage: Outage,
  extra: ReadonlyMap<string, Buffer> = new Map(),
): Promise<Aftermath> {
  const [site, api, profile] = [await serveSite(), await serveApi(), scratchDirectory()]
  await outage.begin(api)
  const before = await startChromium(profile)
  const page = await before.open(site.url)
  const files = new Map([...(await makeImages(page, 20)), ...extra])
  const options = { api: api.url, retry: { maxAttempts: 20, baseMs: 20, capMs: 200 } }
  const start = (tab: Page) => tab.evaluate((given) => app.openPhotos(given).start(), options)

  const picked = await pick(page, files)
  await page.evaluate((given) => void app.openPhotos(given), options)
  const ids = await enqueuePicked(page)
  expect([...ids.keys()]).toEqual([...files.keys()])
  picked.forget()

  await page.reload()
  await start(page)
  const holds = () => page.evaluate(async () => (await app.photos.info()).holds)
  await expect.poll(holds, soon).toMatchObject([{ kind: 'upload', cause: outage.cause }])
  expect(api.fileCount()).toBe(0)

  await before.kill()
  const after = await startChromium(profile)
  await outage.end(api)
  const reborn = await after.open(site.url)
  await start(reborn)
  return { api, page: reborn, files, ids }
}

async function enqueuePicked(page: Page): Promise<Map<string, string>> {
  const taken = await page.evaluate(() =>
    Promise.all(
      app.picked().map(async (file) => {
        const { id, durable } = await app.photos.enqueue('upload', { name: file.name, file })
        return { name: file.name, id, durable }
      }),
    ),
  )
  expect(taken.every((each) => each.durable)).toBe(true)
  return new Map(taken.map(({ name, id }) => [name, id]))
}

/** The API has each of the files, byte for byte, and no other. */
export function expectFiles(api: Api, files: ReadonlyMap<string, Buffer>): void {
  const stored = api.files()
  expect(api.fileCount()).toBe(files.size)
  expect([...stored.keys()].toSorted()).toEqual([...files.keys()].toSorted())
  for (const [name, bytes] of files) expect(stored.get(name)?.equals(bytes), name).toBe(true)
}

/** The API has heard of as many finishes, each once and in order, from one source. */
export function expectAcks(api: Api, count: number): void {
  const acks = api.acks()
  expect(acks.map((ack) => ack.sequence)).toEqual(Array.from({ length: count }, (_, index) => index + 1))
  expect(new Set(acks.map((ack) => ack.source)).size).toBe(1)
}
