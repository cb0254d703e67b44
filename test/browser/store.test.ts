import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { serveApi } from './support/api.ts'
import { devTools, startChromium, useChromium } from './support/chromium.ts'
import { scratchDirectory } from './support/scratch.ts'
import { serveSite } from './support/server.ts'
import { soon, toldOf } from './support/tabs.ts'

const chromium = useChromium()

test('an awaited enqueue costs one transaction, a thousand at once three at the most', async () => {
  const site = await serveSite()
  const page = await chromium().open(site.url)
  const counted = await page.evaluate(async () => {
    const queue = app.openPhotos({ api: location.origin })
    await queue.info()
    const costOf = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
      const before = app.transactions.length
      await work()
      return app.transactions.slice(before)
    }
    const photo = { name: 'photo', file: new Blob(['photo']) }
    const one = await costOf(() => queue.enqueue('upload', photo))
    const another = await costOf(() => queue.enqueue('upload', photo))
    const thousand = await costOf(() =>
      Promise.all(Array.from({ length: 1_000 }, () => queue.enqueue('upload', photo))),
    )
    const { counts } = await queue.info()
    return { one, another, thousand: thousand.length, pending: counts.pending }
  })
  expect(counted.one).toEqual(['readwrite log,payloads'])
  expect(counted.another).toEqual(['readwrite log,payloads'])
  expect(counted.thousand).toBeLessThanOrEqual(3)
  expect(counted.pending).toBe(1_002)
})

test('where cookies are blocked, and storage with them, calls say how to ask for memory, which then works', async () => {
  const [site, profile] = [await serveSite(), scratchDirectory()]
  mkdirSync(join(profile, 'Default'))
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } }
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences))
  const strict = await startChromium(profile)
  await expectMemory(await strict.open(site.url))
})

/** Without storage every call is refused, saying how to ask for memory; asked for, it works and says what it is. */
async function expectMemory(page: Page): Promise<void> {
  const outcome = await page.evaluate(async () => {
    const { createQueue, isQueueError } = app.holdfast
    const handlers = { double: (n: number) => n * 2 }
    const refused = createQueue({ name: 'numbers', handlers })
    const errors = await Promise.allSettled([refused.enqueue('double', 1), refused.info(), refused.start()])
    const told = errors.map((each) =>
      each.status === 'rejected' && isQueueError(each.reason)
        ? [each.reason.code, each.reason.message]
        : each.status,
    )
    await refused.close()
    const queue = createQueue({ name: 'numbers', handlers, fallback: 'memory' })
    const { id, durable } = await queue.enqueue('double', 21)
    await queue.start()
    const result = await queue.result(id)
    const { store } = await queue.info()
    await queue.close()
    return { told, durable, result, stored: store.durable }
  })
  const said = ['store-unavailable', expect.stringMatching(/memoryStore\(\).*fallback: 'memory'/)]
  expect(outcome).toEqual({ told: [said, said, said], durable: false, result: 42, stored: false })
}

test('when the site’s data is cleared under open tabs, they go on with a new log, and nothing hangs', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  api.strike = ({ path }) => (path === '/photos' ? 503 : undefined)
  const open = () => chromium().open(site.url)
  const [one, other, watcher] = [await open(), await open(), await open()]
  const id = await one.evaluate(async (url) => {
    const queue = app.openPhotos({ api: url, retry: { baseMs: 20, capMs: 200 } })
    app.kept.set('told', app.listen(queue))
    await queue.start()
    const taken = await queue.enqueue('upload', { name: 'lost', file: new Blob(['lost']) })
    app.kept.set(
      'waiting',
      queue.result(taken.id).catch((error: unknown) => error),
    )
    return taken.id
  }, api.url)
  for (const page of [other, watcher]) {
    await page.evaluate(async (url) => {
      const queue = app.openPhotos({ api: url })
      app.kept.set('told', app.listen(queue))
      await queue.info()
    }, api.url)
  }

  const session = await devTools(one)
  await session.send('Storage.clearDataForOrigin', { origin: site.url, storageTypes: 'all' })
  api.strike = () => undefined

  const found = await other.evaluate(async (lost) => {
    const { id: taken } = await app.photos.enqueue('upload', { name: 'found', file: new Blob(['found']) })
    return { taken, lost: await app.photos.get(lost) }
  }, id)
  expect(found.lost).toBe(undefined)
  const ended = await one.evaluate(async () => {
    const error = await app.kept.get('waiting')
    return app.holdfast.isQueueError(error) ? error.code : String(error)
  })
  expect(ended).toBe('job-cancelled')
  // Done by the tab that was started before, which still is.
  await other.evaluate((taken) => app.photos.result(taken), found.taken)
  // Whoever only watches, too: by the hint that comes with the new log's first entry.
  for (const page of [one, other, watcher]) {
    await expect.poll(() => toldOf(page, 'store'), soon).toContainEqual({ state: 'replaced' })
  }
  expect(await toldOf(watcher, 'store')).toEqual([{ state: 'opened' }, { state: 'replaced' }])
  await expect.poll(() => api.acks(), soon).toMatchObject([{ sequence: 1, subject: found.taken }])
})

test('a log written by a newer version stops everything that has it open, and says why', async () => {
  const [site, api] = [await serveSite(), await serveApi()]
  const held = Promise.withResolvers<undefined>()
  api.strike = ({ path }) => (path === '/photos' ? held.promise : undefined)
  const page = await chromium().open(site.url)
  await page.evaluate(async (url) => {
    const queue = app.openPhotos({ api: url })
    app.kept.set('told', app.listen(queue))
    await queue.start()
    await queue.enqueue('upload', { name: 'photo', file: new Blob(['photo']) })
  }, api.url)
  await expect.poll(() => page.evaluate(async () => (await app.photos.info()).counts.running), soon).toBe(1)

  const newer = await chromium().open(site.url)
  await newer.evaluate(() => app.raw.appendFromTheFuture('photos'))
  const isDown = expect.objectContaining({ state: 'down' })
  await expect.poll(() => toldOf(page, 'store'), soon).toContainEqual(isDown)
  held.resolve(undefined)

  for (const tab of [page, await chromium().open(site.url)]) {
    const codes = await tab.evaluate(
      async ([url, isOpen]) => {
        const queue = isOpen ? app.photos : app.openPhotos({ api: url })
        const photo = { name: 'photo', file: new Blob(['photo']) }
        const calls = [
          queue.enqueue('upload', photo),
          queue.list(),
          queue.get('x'),
          queue.info(),
          queue.start(),
        ]
        const settled = await Promise.allSettled(calls)
        return settled.map((each) =>
          each.status === 'rejected' && app.holdfast.isQueueError(each.reason)
            ? each.reason.code
            : each.status,
        )
      },
      [api.url, tab === page] as const,
    )
    expect(codes).toEqual(Array.from({ length: 5 }, () => 'version-ahead'))
  }
  // What was held counts as released: its bye lies there, and nothing was written after the newer entry.
  const events = await newer.evaluate(() => app.raw.events('photos'))
  expect(events.map((event) => event.type)).toEqual(['enqueued', 'claimed', 'teleported'])
  expect(await page.evaluate(() => app.returned)).toEqual([])
})
