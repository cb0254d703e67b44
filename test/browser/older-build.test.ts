import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { serveApi } from './support/api.ts'
import { inWorker, serveBuilds } from './support/builds.ts'
import type { Ahead } from './support/bundle.ts'
import { useChromium } from './support/chromium.ts'
import { holdUploads, runPhotos, soon, start } from './support/tabs.ts'

const chromium = useChromium()

/** What a tab was told of its store, by state and code. */
function statesIn(tab: Page): Promise<string[]> {
  return tab.evaluate(() => {
    const told = app.kept.get('told') as ReturnType<typeof app.listen>
    const events = told.filter(({ name }) => name === 'store').map(({ event }) => Object(event))
    return events.map(({ state, error }) =>
      app.holdfast.isQueueError(error) ? `${state} ${error.code}` : state,
    )
  })
}

/** What calls of a tab's queue reject with, each only once. */
function codesIn(tab: Page): Promise<string[]> {
  return tab.evaluate(async () => {
    const { photos } = app
    const photo = { name: 'late', file: new Blob(['late']) }
    const calls = [
      photos.enqueue('upload', photo),
      photos.list(),
      photos.info(),
      photos.start(),
      photos.drain(),
    ]
    const settled = await Promise.allSettled(calls)
    const codes = settled.map((each) =>
      each.status === 'rejected' && app.holdfast.isQueueError(each.reason) ? each.reason.code : each.status,
    )
    return [...new Set(codes)]
  })
}

const builds: readonly { ahead: Ahead; name: string }[] = [
  { ahead: 'format', name: 'of a newer log' },
  { ahead: 'schema', name: 'of a newer database' },
]

test.each(builds)(
  'a service worker $name stops the tabs of an older build, which ask to be reloaded, and takes their jobs uncharged',
  async ({ ahead }) => {
    const [site, api] = [await serveBuilds(ahead), await serveApi()]
    const uploads = holdUploads(api)
    const [older, watcher] = [await chromium().open(site.url), await chromium().open(site.url)]
    await start(older, { api: api.url })
    const [id = ''] = await runPhotos(older, 1)
    await expect.poll(() => uploads.count(), soon).toBe(1)
    await watcher.evaluate(async (url) => {
      const queue = app.openPhotos({ api: url })
      app.kept.set('told', app.listen(queue))
      await queue.info()
    }, api.url)
    for (const tab of [older, watcher]) {
      await tab.evaluate(() => {
        const { isQueueError } = app.holdfast
        app.photos.on('store', ({ error }) => {
          if (isQueueError(error, 'version-ahead')) document.title = 'Please reload'
        })
      })
    }

    const newer = await inWorker(
      older,
      async (url) => {
        const queue = app.openPhotos({ api: url })
        await queue.start()
        return (await queue.enqueue('upload', { name: 'newer', file: new Blob(['newer']) })).id
      },
      api.url,
    )
    for (const tab of [older, watcher]) {
      await expect.poll(() => statesIn(tab), soon).toEqual(['opened', 'down version-ahead'])
      expect(await tab.title()).toBe('Please reload')
      expect(await codesIn(tab)).toEqual(['version-ahead'])
    }
    // The one that ran there was given up before its answer came; the newer one has it now, beside its own.
    await expect.poll(() => uploads.count(), soon).toBe(3)
    uploads.release()
    await expect.poll(() => api.acks().length, soon).toBe(2)
    expect(await older.evaluate(() => app.returned)).toEqual([])
    const jobs = await inWorker(
      older,
      async () => (await app.photos.list()).jobs.map(({ id, state, attempt }) => ({ id, state, attempt })),
      undefined,
    )
    expect(jobs).toEqual([
      { id, state: 'completed', attempt: 2 },
      { id: newer, state: 'completed', attempt: 1 },
    ])
    const charges = await inWorker(older, (job) => app.photos.get(job), id)
    expect(charges).toMatchObject({ errors: 0, crashes: 0, releases: 1 })

    // Reloaded from a cache that is older still, it says so at once; reloaded as it should, it works.
    await watcher.reload()
    await watcher.evaluate((url) => void app.openPhotos({ api: url }), api.url)
    expect(await codesIn(watcher)).toEqual(['version-ahead'])
    await watcher.goto(`${site.url}/newer`)
    const count = await watcher.evaluate(
      async (url) => (await app.openPhotos({ api: url }).list()).jobs.length,
      api.url,
    )
    expect(count).toBe(2)
  },
)
