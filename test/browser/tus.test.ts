import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { devTools, startChromium } from './support/chromium.ts'
import { type DeskSite, serveDesk } from './support/desk-site.ts'
import { scratchDirectory } from './support/scratch.ts'
import { soon } from './support/tabs.ts'

const size = 100 * 1_048_576
const chunkBytes = 5 * 1_048_576

function sent({ tus }: DeskSite): number {
  return tus.received.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** How many bytes of the file each request sent that one before it had sent, in the order of the requests. */
function sentTwice({ tus }: DeskSite): number[] {
  let end = 0
  return tus.received.map(({ method, headers, bytes }) => {
    if (method !== 'PATCH') return 0
    const offset = Number(headers['upload-offset'])
    const again = Math.max(0, Math.min(end, offset + bytes) - offset)
    end = Math.max(end, offset + bytes)
    return again
  })
}

/** Waits until the server has got so many bytes, and is in the middle of a piece. */
async function until(site: DeskSite, bytes: number): Promise<void> {
  const isThere = () => {
    const last = site.tus.received.at(-1)
    const isWithin = last?.method === 'PATCH' && last.bytes > 0 && last.bytes < chunkBytes
    return sent(site) >= bytes && isWithin
  }
  await expect.poll(isThere, { timeout: 60_000, interval: 1 }).toBe(true)
}

const run = (page: Page) => page.evaluate(() => desk.videos.start())

test('100 MB arrive byte for byte although first the tab and then the whole browser is killed', async () => {
  const [site, profile] = [await serveDesk(), scratchDirectory()]
  const first = await startChromium(profile)
  const doomed = await first.open(site.url)
  const { id, sha256 } = await doomed.evaluate(async (bytes) => {
    const { blob, sha256 } = await desk.noise(bytes)
    const file = new File([blob], 'video.mp4', { type: 'video/mp4' })
    return { ...(await desk.videos.enqueue('upload', { file })), sha256 }
  }, size)
  await run(doomed)
  const heir = await first.open(site.url)
  await run(heir)

  await until(site, 0.3 * size)
  const session = await devTools(doomed)
  // Never answered: whoever would answer is gone.
  session.send('Page.crash').catch(() => undefined)
  await until(site, 0.7 * size)
  const requestsOfFirst = site.tus.received.length
  await first.kill()

  const second = await startChromium(profile)
  const reborn = await second.open(site.url)
  await run(reborn)
  const state = () => reborn.evaluate(async (job) => (await desk.videos.get(job))?.state, id)
  await expect.poll(state, { timeout: 90_000, interval: 100 }).toBe('completed')

  const { received } = site.tus
  expect(received.filter(({ method }) => method === 'POST')).toHaveLength(1)
  const upload = received.find(({ method }) => method === 'PATCH')?.upload ?? ''
  expect(await site.tus.sha256(upload)).toBe(sha256)
  expect(await site.tus.metadata(upload)).toEqual({ filename: 'video.mp4', filetype: 'video/mp4' })
  const twice = sentTwice(site)
  console.log(`Of ${size} bytes, ${sent(site) - size} were sent twice; a piece has ${chunkBytes}`)
  expect(twice.reduce((sum, bytes) => sum + bytes)).toBe(sent(site) - size)
  // The first kill's heir is in the browser that the second one kills.
  for (const heir of [twice.slice(0, requestsOfFirst), twice.slice(requestsOfFirst)]) {
    const again = heir.filter((bytes) => bytes > 0)
    expect(again.length).toBeLessThanOrEqual(1)
    for (const bytes of again) expect(bytes).toBeLessThanOrEqual(chunkBytes)
  }

  const job = await reborn.evaluate((given) => desk.videos.get(given), id)
  expect(job).toMatchObject({ attempt: 3, errors: 0, progress: size })
  // Both kills were forgiven: what came after them was further than anything before.
  expect(job?.crashes).toBe(0)
  await expect
    .poll(() => reborn.evaluate(async () => (await desk.videos.info()).counts.completed), soon)
    .toBe(1)
})
