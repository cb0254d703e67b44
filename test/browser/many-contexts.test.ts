import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { type Api, serveApi } from './support/api.ts'
import { inWorker, serveBuilds } from './support/builds.ts'
import { useChromium } from './support/chromium.ts'
import { serveSite } from './support/server.ts'
import { soon } from './support/tabs.ts'

const chromium = useChromium()

/** How many uploads the server has at once, at the most; each takes a moment there. */
function gauge(api: Api): { readonly most: number; readonly count: number } {
  const seen = { most: 0, count: 0 }
  let live = 0
  api.strike = async ({ path }) => {
    if (path !== '/photos') return undefined
    live += 1
    seen.count += 1
    seen.most = Math.max(seen.most, live)
    await new Promise((resolve) => setTimeout(resolve, 30))
    live -= 1
    return undefined
  }
  return seen
}

interface UploadsOptions {
  readonly api: string
  readonly maxRunning: number
  /** How many it does before it stops, one at a time. By itself it goes on, with four at a time. */
  readonly share?: number
}

/** Opens and starts the queue, in a page or a worker; `app.kept` then tells how many uploads were done there. */
async function startUploads({ api, maxRunning, share }: UploadsOptions): Promise<void> {
  const { createQueue, defineTasks, task } = app.holdfast
  const queue = createQueue({
    name: 'uploads',
    tasks: defineTasks({ upload: task<string>({ maxRunning }) }),
    worker: { concurrency: share === undefined ? 4 : 1 },
    handlers: {
      upload: async (name) => {
        await app.http.assertOk(fetch(`${api}/photos?name=${name}`, { method: 'POST', body: name }))
        const done = Number(app.kept.get('done') ?? 0) + 1
        app.kept.set('done', done)
        if (done === share) void queue.stop({ graceMs: 60_000 })
      },
    },
  })
  app.kept.set('uploads', queue)
  await queue.start()
}

/** The same in a worker of the page's own. Resolves once it is started. */
async function startInOwnWorker({ api, maxRunning, share }: UploadsOptions): Promise<void> {
  const source = `
    import '${location.origin}/app.js'
    const { createQueue, defineTasks, task } = app.holdfast
    let done = 0
    const queue = createQueue({
      name: 'uploads',
      tasks: defineTasks({ upload: task({ maxRunning: ${maxRunning} }) }),
      worker: { concurrency: 1 },
      handlers: {
        upload: async (name) => {
          await app.http.assertOk(fetch('${api}/photos?name=' + name, { method: 'POST', body: name }))
          postMessage('done')
          if (++done === ${share}) void queue.stop({ graceMs: 60_000 })
        },
      },
    })
    queue.start().then(() => postMessage('started'))`
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), {
    type: 'module',
  })
  app.kept.set('in the worker', 0)
  await new Promise<void>((resolve) => {
    worker.onmessage = ({ data }) => {
      if (data === 'started') resolve()
      else app.kept.set('in the worker', Number(app.kept.get('in the worker')) + 1)
    }
  })
}

const doneHere = (): number => Number(app.kept.get('done') ?? 0)

const completed = (page: Page) => (): Promise<number> =>
  page.evaluate(async () => {
    const { counts } = await (app.kept.get('uploads') as ReturnType<typeof app.openPhotos>).info()
    return counts.completed
  })

test('with maxRunning 2 the server never has more than two at once of three tabs, a worker and a service worker, and each runs once', async () => {
  const [site, api] = [await serveBuilds(), await serveApi()]
  const seen = gauge(api)
  // Whoever ends a job goes on with the next one in the same entry: so each makes room when it has done its share.
  const options = { api: api.url, maxRunning: 2, share: 12 }
  const pages: Page[] = []
  for (const _ of [1, 2, 3]) pages.push(await chromium().open(site.url))
  const [first] = pages
  if (first === undefined) throw new Error('There is no tab')
  for (const page of pages) await page.evaluate(startUploads, options)
  await inWorker(first, startUploads, options)
  await first.evaluate(startInOwnWorker, options)

  await Promise.all(
    pages.map((page, number) =>
      page.evaluate(async (tab) => {
        const queue = app.kept.get('uploads') as ReturnType<typeof app.openPhotos>
        const names = Array.from({ length: 20 }, (_, index) => `${tab}-${index}`)
        await queue.enqueueAll(names.map((payload) => ({ kind: 'upload', payload }) as never))
      }, number),
    ),
  )
  await expect.poll(completed(first), soon).toBe(60)
  expect(seen).toEqual({ most: 2, count: 60 })
  const shares = await Promise.all([
    inWorker(first, doneHere, undefined),
    first.evaluate(() => Number(app.kept.get('in the worker'))),
    ...pages.map((page) => page.evaluate(doneHere)),
  ])
  expect(shares).toEqual([12, 12, 12, 12, 12])
})

test('four tabs that drain one queue each get a share of it', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  gauge(api)
  const pages: Page[] = []
  for (const _ of [1, 2, 3, 4]) pages.push(await chromium().open(site.url))
  const [first] = pages
  if (first === undefined) throw new Error('There is no tab')
  // Whoever enqueues has the first go, and nobody else is to be left with nothing.
  for (const page of pages) await page.evaluate(startUploads, { api: api.url, maxRunning: 1_000 })
  const count = 200
  await first.evaluate(async (length) => {
    const queue = app.kept.get('uploads') as ReturnType<typeof app.openPhotos>
    await queue.enqueueAll(
      Array.from({ length }, (_, index) => ({ kind: 'upload', payload: `${index}` }) as never),
    )
  }, count)
  await expect.poll(completed(first), soon).toBe(count)
  const shares = await Promise.all(pages.map((page) => page.evaluate(doneHere)))
  expect(shares.reduce((sum, each) => sum + each)).toBe(count)
  // A quarter would be the fair share.
  for (const share of shares) expect(share).toBeGreaterThanOrEqual(count / 4 / 5)
})
