import { createHash } from 'node:crypto'
import type { JobView } from 'holdfast'
import { expect, test } from 'vitest'
import { type Api, serveApi } from './support/api.ts'
import { useChromium } from './support/chromium.ts'
import { png } from './support/images.ts'
import { answers503, expectAcks, expectFiles, throughPowerCut } from './support/power-cut.ts'
import { serveSite } from './support/server.ts'
import { soon } from './support/tabs.ts'
import { badWeather } from './support/weather.ts'

const chromium = useChromium()

test('after an outage, a reload and a killed browser, with 30 % of requests answered 500, all finish but the one that always fails; edited and redriven, it does too', async () => {
  const weather = badWeather({ seed: 3, share: 0.3, broken: 'broken.png' })
  const bytes = png(96, 96)
  const outage = {
    ...answers503,
    end: (down: Api) => {
      down.strike = weather.strike
    },
  }
  const { api, page, files, ids } = await throughPowerCut(outage, new Map([['broken.png', bytes]]))
  const broken = ids.get('broken.png')
  if (broken === undefined) throw new Error('The broken photo was not enqueued')

  await expect.poll(() => api.acks().length, soon).toBeGreaterThanOrEqual(21)
  const sound = new Map([...files].filter(([name]) => name !== 'broken.png'))
  expect(sound.size).toBe(20)
  expectFiles(api, sound)
  expectAcks(api, 21)
  expect(new Set(api.acks().map((ack) => ack.subject))).toEqual(new Set(ids.values()))
  expect(api.acks().filter((ack) => ack.type !== 'completed')).toMatchObject([
    { subject: broken, type: 'dead' },
  ])

  const counts = await page.evaluate(async () => (await app.photos.info()).counts)
  expect(counts).toMatchObject({ completed: 20, pending: 0, running: 0, dead: 1 })
  expect(await page.evaluate(() => app.raw.count('photos', 'payloads'))).toBe(1)
  const { jobs } = await page.evaluate(() => app.photos.list())
  const told = new Map(jobs.map((job) => [job.id, chargedWith(job, 500)]))
  for (const [name, id] of ids) expect(told.get(id), name).toBe(weather.struck.get(name) ?? 0)
  expect(jobs.filter((job) => job.id !== broken && chargedWith(job, 500) > 0).length).toBeGreaterThan(3)
  // The outage itself: its opener's, once.
  expect(jobs.reduce((sum, job) => sum + chargedWith(job, 503), 0)).toBe(1)

  const letters = await page.evaluate(async () => (await app.photos.deadLetters()).jobs)
  expect(letters).toMatchObject([{ id: broken, state: 'dead', reason: 'errors', errors: 20 }])
  for (const letter of letters) expectEveryAttempt(letter)

  const result = await page.evaluate(async (id) => {
    const queue = app.photos
    const { file } = (await queue.payload(id)) as { readonly file: Blob }
    await queue.edit(id, { name: 'mended.png', file })
    const redriven = await queue.redrive(id)
    const { digest } = await queue.result(id)
    return { redriven, digest }
  }, broken)
  expect(result).toEqual({ redriven: 1, digest: createHash('sha256').update(bytes).digest('hex') })
  await expect.poll(() => api.acks().length, soon).toBeGreaterThanOrEqual(22)
  expectFiles(api, new Map([...sound, ['mended.png', bytes]]))
  expectAcks(api, 22)
  expect(api.acks().at(-1)).toMatchObject({ subject: broken, type: 'completed' })
  expect(await page.evaluate(() => app.raw.count('photos', 'payloads'))).toBe(0)
})

/** How many failures with this status count against a job. */
function chargedWith({ failures }: JobView, status: number): number {
  return failures.filter((failure) => failure.charged && failure.status === status).length
}

/** A dead letter shows the status, message and time of every attempt but those that the power cut ended. */
function expectEveryAttempt({ failures, attempt, crashes }: JobView): void {
  expect(failures.length + crashes).toBe(attempt)
  for (const failure of failures) {
    expect(failure.name).toBe('HttpError')
    // Its turns to probe the outage are shown, and charged nothing.
    expect(failure.status).toBe(failure.charged ? 500 : 503)
    expect(failure.message).toContain(String(failure.status))
    expect(Math.abs(failure.at - Date.now())).toBeLessThan(120_000)
  }
  const attempts = failures.map((failure) => failure.attempt)
  expect(attempts).toEqual([...new Set(attempts)].toSorted((a, b) => a - b))
  const times = failures.map((failure) => failure.at)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
}

test('the weather of a seed is the same in whatever order photos arrive, and strikes its share of them', async () => {
  const photos = Array.from({ length: 1_000 }, (_, index) => `photo ${index % 100}`)
  const outcomes = (seed: number, names: readonly string[]): ReadonlyMap<string, number> => {
    const { strike, struck } = badWeather({ seed, share: 0.3 })
    for (const photo of names) strike({ path: '/photos', photo })
    return struck
  }
  const struck = outcomes(3, photos)
  expect(outcomes(3, photos.toReversed())).toEqual(struck)
  expect(outcomes(3, photos.toSorted())).toEqual(struck)
  expect(outcomes(4, photos)).not.toEqual(struck)
  const total = [...struck.values()].reduce((sum, count) => sum + count, 0)
  expect(total).toBeGreaterThan(250)
  expect(total).toBeLessThan(350)
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
