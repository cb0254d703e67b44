import { expect, test } from 'vitest'
import { serveApi } from './support/api.ts'
import { useChromium } from './support/chromium.ts'
import { seeded } from './support/random.ts'
import { serveSite } from './support/server.ts'
import { soon } from './support/tabs.ts'

const chromium = useChromium()

test('with 30 % of requests answered 500 all finish but the one that always fails; edited and redriven, it does too', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  const random = seeded(3)
  api.strike = ({ photo }) => (photo === 'broken' || random() < 0.3 ? 500 : undefined)
  const page = await chromium().open(site.url)

  const broken = await page.evaluate(async (url) => {
    const queue = app.openPhotos({ api: url, retry: { maxAttempts: 20, baseMs: 20, capMs: 200 } })
    await queue.start()
    const names = Array.from({ length: 30 }, (_, index) => `photo ${index}`)
    await Promise.all(names.map((name) => queue.enqueue('upload', { name, file: new Blob([name]) })))
    return await queue.enqueue('upload', { name: 'broken', file: new Blob(['the file']) })
  }, api.url)
  await expect.poll(() => api.acks().length, soon).toBe(31)

  expect(api.requests.filter((request) => request.endsWith(' 500')).length).toBeGreaterThan(20 + 5)
  expect(api.fileCount()).toBe(30)
  expect(api.acks().map((ack) => ack.sequence)).toEqual(Array.from({ length: 31 }, (_, index) => index + 1))
  expect(api.acks().filter((ack) => ack.type === 'dead')).toMatchObject([{ subject: broken.id }])

  const { jobs } = await page.evaluate(() => app.photos.deadLetters())
  expect(jobs).toMatchObject([{ id: broken.id, state: 'dead', reason: 'errors', errors: 20, attempt: 20 }])
  const failures = jobs[0]?.failures ?? []
  expect(failures.map((failure) => failure.attempt)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 1),
  )
  for (const failure of failures) {
    expect(failure).toMatchObject({ name: 'HttpError', status: 500, charged: true })
    expect(failure.message).toMatch(/500/)
  }
  const times = failures.map((failure) => failure.at)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(times.every((at) => Math.abs(at - Date.now()) < 120_000)).toBe(true)

  const result = await page.evaluate(async (id) => {
    const queue = app.photos
    const { file } = (await queue.payload(id)) as { readonly file: Blob }
    await queue.edit(id, { name: 'mended', file })
    const redriven = await queue.redrive(id)
    const { digest } = await queue.result(id)
    return { redriven, digest, expected: await app.digest(file) }
  }, broken.id)
  expect(result).toEqual({ redriven: 1, digest: result.expected, expected: result.expected })
  expect(api.files().get('mended')?.toString()).toBe('the file')
  await expect
    .poll(() => api.acks().at(-1), soon)
    .toMatchObject({
      sequence: 32,
      subject: broken.id,
      type: 'completed',
    })
  expect(await page.evaluate(() => app.raw.count('photos', 'payloads'))).toBe(0)
})

test('503 for longer than all retries would last kills nothing, and charges one job once', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  api.strike = ({ path }) => (path === '/photos' ? 503 : undefined)
  const page = await chromium().open(site.url)
  const [jobs, maxAttempts] = [5, 3]

  await page.evaluate(
    async ([url, count, most]) => {
      const queue = app.openPhotos({ api: url, retry: { maxAttempts: most, baseMs: 5, capMs: 20 } })
      await queue.start()
      const names = Array.from({ length: count }, (_, index) => `photo ${index}`)
      await Promise.all(names.map((name) => queue.enqueue('upload', { name, file: new Blob([name]) })))
    },
    [api.url, jobs, maxAttempts] as const,
  )
  const refused = () => api.requests.filter((request) => request === 'POST /photos 503').length
  // Far more than would kill all of them, were each charged.
  await expect.poll(refused, soon).toBeGreaterThan(3 * jobs * maxAttempts)

  const held = await page.evaluate(async () => (await app.photos.list()).jobs)
  expect(held).toHaveLength(jobs)
  expect(held.every((job) => job.state === 'pending' || job.state === 'running')).toBe(true)
  expect(held.map((job) => job.errors).toSorted()).toEqual([0, 0, 0, 0, 1])

  api.strike = () => undefined
  await expect.poll(() => api.acks().length, soon).toBe(jobs)
  expect(api.acks().every((ack) => ack.type === 'completed')).toBe(true)
  expect(api.fileCount()).toBe(jobs)
  const done = await page.evaluate(async () => (await app.photos.list()).jobs)
  expect(done.flatMap((job) => job.failures).filter((failure) => failure.charged)).toHaveLength(1)
  expect(done.map((job) => job.errors).toSorted()).toEqual([0, 0, 0, 0, 1])
})
