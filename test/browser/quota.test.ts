import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { serveApi } from './support/api.ts'
import { devTools, useChromium } from './support/chromium.ts'
import { serveSite } from './support/server.ts'
import { soon, toldOf } from './support/tabs.ts'

const chromium = useChromium()
const megabyte = 2 ** 20

/** Enqueues, for much later, ever smaller payloads until not even the smallest is taken; resolves to the last refusal. */
function fillUp(page: Page): Promise<string> {
  return page.evaluate(async () => {
    let last = ''
    for (const size of [2 ** 20, 2 ** 16, 2 ** 12]) {
      for (let isTaken = true; isTaken; ) {
        const file = new Blob([crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536)))])
        const whole = new Blob(Array.from({ length: Math.max(1, size / 65_536) }, () => file))
        try {
          await app.photos.enqueue('upload', { name: 'filler', file: whole }, { delayMs: 3_600_000 })
        } catch (error) {
          if (!app.holdfast.isQueueError(error)) throw error
          isTaken = false
          last = error.code
        }
      }
    }
    return last
  })
}

test('in an origin filled to its quota nothing comes in, yet jobs settle, are cancelled and removed; then there is room again', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  const held = Promise.withResolvers<undefined>()
  api.strike = ({ path }) => (path === '/photos' ? held.promise : undefined)
  const page = await chromium().open(site.url)
  const session = await devTools(page)
  await session.send('Storage.overrideQuotaForOrigin', { origin: site.url, quotaSize: 12 * megabyte })

  const [running, waiting, unwanted] = await page.evaluate(async (url) => {
    const queue = app.openPhotos({ api: url })
    app.kept.set('told', app.listen(queue))
    await queue.start()
    const file = new Blob([crypto.getRandomValues(new Uint8Array(65_536))])
    const later = { delayMs: 3_600_000 }
    const first = await queue.enqueue('upload', { name: 'running', file })
    const others = [
      await queue.enqueue('upload', { name: 'waiting', file }, later),
      await queue.enqueue('upload', { name: 'unwanted', file }, later),
    ]
    return [first, ...others].map((each) => each.id) as [string, string, string]
  }, api.url)
  const attempts = () => page.evaluate(async (id) => (await app.photos.get(id))?.state, running)
  await expect.poll(attempts, soon).toBe('running')

  expect(await fillUp(page)).toBe('quota-exceeded')
  expect(await toldOf(page, 'store')).toContainEqual(expect.objectContaining({ state: 'quota' }))
  const fillers = await page.evaluate(async () => (await app.photos.list({ state: 'scheduled' })).jobs.length)
  expect(fillers).toBeGreaterThan(2 + 5)

  held.resolve(undefined)
  await page.evaluate((id) => app.photos.result(id), running)
  expect(await page.evaluate((id) => app.photos.cancel(id), waiting)).toBe('cancelled')
  await page.evaluate((id) => app.photos.remove(id), unwanted)
  await expect.poll(() => api.acks(), soon).toMatchObject([{ sequence: 1, subject: running }])
  expect(api.files().get('running')?.length).toBe(65_536)
  const [done, stopped, gone] = await page.evaluate(
    (ids) => Promise.all(ids.map((id) => app.photos.get(id))),
    [running, waiting, unwanted],
  )
  expect([done?.state, stopped?.state, gone]).toEqual(['completed', 'cancelled', undefined])

  // A reload proves that it was committed, and that a full origin can be opened.
  await page.reload()
  const states = await page.evaluate(
    async ([url, ...ids]) => {
      const queue = app.openPhotos({ api: url })
      return Promise.all(ids.map(async (id) => (await queue.get(id))?.state))
    },
    [api.url, running, waiting, unwanted] as const,
  )
  expect(states).toEqual(['completed', 'cancelled', undefined])

  // Room is made by removing what fills it.
  await page.evaluate(async () => {
    const { jobs } = await app.photos.list({ state: 'scheduled' })
    for (const job of jobs) await app.photos.remove(job.id)
  })
  const enqueue = () =>
    page.evaluate(async () => {
      try {
        await app.photos.enqueue('upload', { name: 'new', file: new Blob([new Uint8Array(65_536)]) })
        return 'taken'
      } catch (error) {
        return app.holdfast.isQueueError(error) ? error.code : String(error)
      }
    })
  await expect.poll(enqueue, soon).toBe('taken')
})
