import { createHash, randomFillSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { serveApi } from './support/api.ts'
import { startChromium } from './support/chromium.ts'
import { pick } from './support/images.ts'
import { scratchDirectory } from './support/scratch.ts'
import { serveSite } from './support/server.ts'

test('100 MB outlive a reload and a killed browser, arrive byte for byte, and go with the entry that finishes their job', async () => {
  const [site, api, profile] = [await serveSite(), await serveApi(), scratchDirectory()]
  const bytes = randomFillSync(Buffer.alloc(100 * 2 ** 20))
  const digest = createHash('sha256').update(bytes).digest('hex')
  const before = await startChromium(profile)
  const page = await before.open(site.url)
  const picked = await pick(page, new Map([['film.mp4', bytes]]))

  const id = await page.evaluate(async (url) => {
    const [file] = app.picked()
    if (file === undefined) throw new Error('Nothing was picked')
    return (await app.openPhotos({ api: url }).enqueue('upload', { name: file.name, file })).id
  }, api.url)
  picked.forget()

  await page.reload()
  expect(await page.evaluate(() => app.raw.count('photos', 'payloads'))).toBe(1)
  await before.kill()

  const after = await startChromium(profile)
  const reborn = await after.open(site.url)
  const kept = await reborn.evaluate(
    async ([url, job]) => {
      const { file } = (await app.openPhotos({ api: url }).payload(job)) as { readonly file: File }
      return { name: file.name, size: file.size, type: file.type, digest: await app.digest(file) }
    },
    [api.url, id] as const,
  )
  expect(kept).toEqual({ name: 'film.mp4', size: bytes.length, type: 'video/mp4', digest })

  // Each look is one transaction, so it sees either none of an entry or all of it.
  const looks = await reborn.evaluate(async (job) => {
    await app.photos.start()
    const seen: { isCompleted: boolean; payloads: number }[] = []
    for (;;) {
      const { events, payloads } = await app.raw.look('photos')
      const isCompleted = events.some((event) => event.type === 'completed' && event.id === job)
      seen.push({ isCompleted, payloads })
      if (isCompleted) return seen
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }, id)
  expect(looks.slice(0, -1).every((look) => !look.isCompleted && look.payloads === 1)).toBe(true)
  expect(looks.at(-1)).toEqual({ isCompleted: true, payloads: 0 })

  const result = await reborn.evaluate((job) => app.photos.result<'upload'>(job), id)
  expect(result).toEqual({ digest })
  expect(api.files().get('film.mp4')?.equals(bytes)).toBe(true)
})
