import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { type Api, serveApi } from './support/api.ts'
import type { PhotosOptions } from './support/app.ts'
import { devTools, useChromium } from './support/chromium.ts'
import { serveSite } from './support/server.ts'

const chromium = useChromium()
const soon = { timeout: 30_000, interval: 50 }

/** The API answers no upload until it is told to. */
function holdUploads(api: Api): { release(): void } {
  const held = Promise.withResolvers<undefined>()
  api.strike = ({ path }) => (path === '/photos' ? held.promise : undefined)
  return {
    release() {
      api.strike = () => undefined
      held.resolve(undefined)
    },
  }
}

/** Opens the queue in a tab, starts it and enqueues photos there; resolves to their ids once all are running. */
async function startWith(page: Page, options: PhotosOptions, photos: number): Promise<string[]> {
  const ids = await page.evaluate(
    async ([given, count]) => {
      const queue = app.openPhotos(given)
      app.kept.set('told', app.listen(queue))
      await queue.start()
      const names = Array.from({ length: count }, (_, index) => `photo ${index}`)
      const taken = await Promise.all(
        names.map((name) => queue.enqueue('upload', { name, file: new Blob([name]) })),
      )
      return taken.map((each) => each.id)
    },
    [options, photos] as const,
  )
  const running = () => page.evaluate(async () => (await app.photos.info()).counts.running)
  await expect.poll(running, soon).toBe(photos)
  return ids
}

function reclaims(page: Page): Promise<unknown[]> {
  return page.evaluate(() => {
    const told = app.kept.get('told') as ReturnType<typeof app.listen>
    return told.filter(({ name }) => name === 'reclaimed').map(({ event }) => event)
  })
}

/** How often, and under which epochs, the log says that each job was completed. */
async function completions(page: Page, ids: readonly string[]): Promise<(number | undefined)[][]> {
  const events = await page.evaluate(() => app.raw.events('photos'))
  const completed = events.filter((event) => event.type === 'completed')
  return ids.map((id) => completed.filter((event) => event.id === id).map((event) => event.epoch))
}

test('a tab that crashes in the middle of its jobs loses none, and each ends once', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  const uploads = holdUploads(api)
  const doomed = await chromium().open(site.url)
  const ids = await startWith(doomed, { api: api.url }, 4)
  const heir = await chromium().open(site.url)
  await startWith(heir, { api: api.url }, 0).catch(() => undefined)

  const session = await devTools(doomed)
  // Never answered: whoever would answer is gone.
  session.send('Page.crash').catch(() => undefined)
  uploads.release()

  await expect.poll(() => api.acks().length, soon).toBe(4)
  expect(await completions(heir, ids)).toEqual([[2], [2], [2], [2]])
  expect(new Set(api.acks().map((ack) => ack.subject))).toEqual(new Set(ids))
  expect(await reclaims(heir)).toEqual(ids.map((id) => ({ id, kind: 'upload', cause: 'crash' })))
  const jobs = await heir.evaluate(async () => (await app.photos.list()).jobs)
  expect(jobs.map(({ state, attempt, crashes }) => ({ state, attempt, crashes }))).toEqual(
    ids.map(() => ({ state: 'completed', attempt: 2, crashes: 1 })),
  )
  expect(api.fileCount()).toBe(4)
})
