import { expect, test } from 'vitest'
import { type Api, serveApi } from './support/api.ts'
import { startChromium } from './support/chromium.ts'
import { makeImages, pick } from './support/images.ts'
import { scratchDirectory } from './support/scratch.ts'
import { serveSite } from './support/server.ts'
import { soon } from './support/tabs.ts'

const retry = { maxAttempts: 20, baseMs: 20, capMs: 200 }

const outages = [
  {
    name: 'refuses connections',
    begin: (api: Api) => api.stop(),
    end: (api: Api) => api.start(),
    cause: 'no-response',
  },
  {
    name: 'answers 503',
    begin: (api: Api) => {
      api.strike = () => 503
    },
    end: (api: Api) => {
      api.strike = () => undefined
    },
    cause: 'unavailable',
  },
]

test.each(outages)(
  '20 files outlive a reload and a killed browser while the API $name, and arrive byte for byte',
  async ({ begin, end, cause }) => {
    const [site, api, profile] = [await serveSite(), await serveApi(), scratchDirectory()]
    await begin(api)
    const before = await startChromium(profile)
    const page = await before.open(site.url)
    const images = await makeImages(page, 20)
    const picked = await pick(page, images)
    const options = { api: api.url, retry }

    const durable = await page.evaluate(async (given) => {
      const queue = app.openPhotos(given)
      const files = app.picked()
      const taken = await Promise.all(files.map((file) => queue.enqueue('upload', { name: file.name, file })))
      return taken.map((each) => each.durable)
    }, options)
    expect(durable).toEqual(Array.from({ length: 20 }, () => true))
    picked.forget()

    await page.reload()
    await page.evaluate((given) => app.openPhotos(given).start(), options)
    const holds = () => page.evaluate(async () => (await app.photos.info()).holds)
    await expect.poll(holds, soon).toMatchObject([{ kind: 'upload', cause }])
    expect(api.fileCount()).toBe(0)

    await before.kill()
    const after = await startChromium(profile)
    await end(api)
    const reborn = await after.open(site.url)
    await reborn.evaluate((given) => app.openPhotos(given).start(), options)

    await expect.poll(() => api.acks().length, soon).toBeGreaterThanOrEqual(20)
    expect(api.fileCount()).toBe(20)
    const files = api.files()
    for (const [name, bytes] of images) expect(files.get(name)?.equals(bytes), name).toBe(true)

    const acks = api.acks()
    expect(acks.map((ack) => ack.sequence)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    expect(new Set(acks.map((ack) => ack.source)).size).toBe(1)
    expect(new Set(acks.map((ack) => ack.subject)).size).toBe(20)
    expect(acks.every((ack) => ack.type === 'completed')).toBe(true)

    expect(await reborn.evaluate(() => app.raw.count('photos', 'payloads'))).toBe(0)
    const counts = await reborn.evaluate(async () => (await app.photos.info()).counts)
    expect(counts).toMatchObject({ completed: 20, pending: 0, running: 0, dead: 0 })
  },
)
