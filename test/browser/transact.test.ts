import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { devTools, useChromium } from './support/chromium.ts'
import type { Holding } from './support/rows.ts'
import { serveRows } from './support/rows-site.ts'
import { soon } from './support/tabs.ts'

const chromium = useChromium()
const megabyte = 2 ** 20

/** Tabs of one site, each with the application open. */
async function openTabs(holding: Holding, count: number): Promise<{ url: string; tabs: Page[] }> {
  const { url } = await serveRows()
  const tabs: Page[] = []
  for (let tab = 0; tab < count; tab++) tabs.push(await openTab(url, holding))
  return { url, tabs }
}

async function openTab(url: string, holding: Holding): Promise<Page> {
  const page = await chromium().open(url)
  await page.evaluate((how) => rows.open(how), holding)
  return page
}

const look = (page: Page) => page.evaluate(() => rows.look())
const nothing = { photos: [], jobs: [] }

const holdings: Holding[] = ['idb', 'dexie']

test.each(holdings)(
  'with %s, row and job are committed together, and every tab sees both',
  async (holding) => {
    const { tabs } = await openTabs(holding, 2)
    const [one, other] = tabs as [Page, Page]
    expect(await one.evaluate(() => rows.ends(rows.add({ id: 'p1', file: new Blob(['cat']) })))).toBe('done')
    for (const tab of [one, other]) expect(await look(tab)).toEqual({ photos: ['p1'], jobs: ['p1'] })
  },
)

test('Dexie’s live queries notice the row, in every tab, once it is committed', async () => {
  const { tabs } = await openTabs('dexie', 2)
  for (const tab of tabs) await expect.poll(() => tab.evaluate(() => rows.seen), soon).toEqual([0])
  expect(
    await tabs[0]?.evaluate(() => rows.ends(rows.add({ id: 'p1' }, () => Promise.reject(new Error('no'))))),
  ).toBe('Error: no')
  expect(await tabs[0]?.evaluate(() => rows.ends(rows.add({ id: 'p2' })))).toBe('done')
  for (const tab of tabs) await expect.poll(() => tab.evaluate(() => rows.seen.at(-1)), soon).toBe(1)
  expect(await tabs[0]?.evaluate(() => rows.seen)).not.toContain(2)
})

test.each(holdings)('with %s, what the work throws or the queue refuses undoes both', async (holding) => {
  const { url, tabs } = await openTabs(holding, 1)
  const [page] = tabs as [Page]
  const unheard: string[] = []
  page.on('pageerror', (error) => unheard.push(String(error)))
  const ends = await page.evaluate(async () => {
    const { add, ends: end } = rows
    const before = await end(add({ id: 'there' }))
    const thrown = await end(add({ id: 'p1' }, () => Promise.reject(new Error('no'))))
    const twice = await end(add({ id: 'p2' }, (tx) => void tx.store('photos').add({ id: 'there' })))
    const aborted = await end(add({ id: 'p3' }, (tx) => tx.transaction.abort()))
    const committed = await end(add({ id: 'p4' }, (tx) => tx.transaction.commit()))
    const unfit = await end(add({ id: 'p5' }, (tx) => void tx.enqueue('upload', { id: () => 'x' } as never)))
    return { before, thrown, twice, aborted, committed, unfit }
  })
  expect(ends).toEqual({
    before: 'done',
    thrown: 'Error: no',
    twice: 'store-failed',
    aborted: 'store-failed',
    committed: 'TypeError: Cannot commit the transaction: the queue does, when the work is done',
    unfit: 'payload-not-storable',
  })
  expect(await look(page)).toEqual({ photos: ['there'], jobs: ['there'] })
  const full = await chromium().open(url)
  const end = await full.evaluate(async (how) => {
    await rows.open(how, { limits: { maxPending: 1 } })
    return rows.ends(rows.add({ id: 'p6' }))
  }, holding)
  expect(end).toBe('backlog-full')
  expect(await look(full)).toEqual({ photos: ['there'], jobs: ['there'] })
  // What the caller hears of is no error of the page's besides.
  expect(unheard).toEqual([])
})

test.each(holdings)(
  'with %s, work that waits for the network keeps neither, and is told why',
  async (holding) => {
    const { tabs } = await openTabs(holding, 2)
    const [page, other] = tabs as [Page, Page]
    const ended = page.evaluate(async () => {
      const began = performance.now()
      const error = await rows.add({ id: 'p1' }, () => fetch('/never')).catch((reason: unknown) => reason)
      const message = error instanceof Error ? error.message : ''
      return { message, waitedMs: performance.now() - began }
    })
    // Whoever comes meanwhile waits, and is served.
    const served = other.evaluate(() => rows.ends(rows.add({ id: 'p2' })))
    const { message, waitedMs } = await ended
    expect(message).toMatch(/waits for what is not of its transaction, such as a fetch/)
    expect(waitedMs).toBeGreaterThan(4_900)
    expect(await served).toBe('done')
    expect(await look(page)).toEqual({ photos: ['p2'], jobs: ['p2'] })
  },
)

test('a short wait for something else keeps both; a row after it cannot be put, and so neither is kept', async () => {
  const { tabs } = await openTabs('idb', 1)
  const [page] = tabs as [Page]
  const ends = await page.evaluate(async () => {
    const pause = () => new Promise((resolve) => setTimeout(resolve, 200))
    const waited = await rows.ends(rows.add({ id: 'p1' }, pause))
    const late = await rows.ends(
      rows.add({ id: 'p2' }, async (tx) => {
        await pause()
        tx.store('photos').put({ id: 'p3' })
      }),
    )
    return { waited, late }
  })
  expect(ends).toEqual({ waited: 'done', late: expect.stringMatching(/^TransactionInactiveError/) })
  expect(await look(page)).toEqual({ photos: ['p1'], jobs: ['p1'] })
})

test('an origin that is full refuses both; with room again both come in', async () => {
  const { url } = await serveRows()
  const page = await chromium().open(url)
  // Before anything is stored: Chromium remembers for a while how much room there was.
  const session = await devTools(page)
  await session.send('Storage.overrideQuotaForOrigin', { origin: url, quotaSize: 12 * megabyte })
  await page.evaluate(() => rows.open('idb'))
  const filled = await page.evaluate(async () => {
    const ends: string[] = []
    for (let count = 0; count < 40 && !ends.includes('quota-exceeded'); count++) {
      const noise = Array.from({ length: 16 }, () => crypto.getRandomValues(new Uint8Array(65_536)))
      ends.push(await rows.ends(rows.add({ id: `p${count}`, file: new Blob(noise) })))
    }
    return ends
  })
  expect(filled.at(-1)).toBe('quota-exceeded')
  expect(filled.length).toBeGreaterThan(1)
  const kept = filled.slice(0, -1).map((_, index) => `p${index}`)
  expect(await look(page)).toEqual({ photos: kept.toSorted(), jobs: kept.toSorted() })
  await session.send('Storage.overrideQuotaForOrigin', { origin: url, quotaSize: 64 * megabyte })
  await expect.poll(() => page.evaluate(() => rows.ends(rows.add({ id: 'new' }))), soon).toBe('done')
  const all = [...kept, 'new'].toSorted()
  expect(await look(page)).toEqual({ photos: all, jobs: all })
})

test.each(holdings)('with %s, a tab killed between row and commit leaves neither', async (holding) => {
  const { url, tabs } = await openTabs(holding, 1)
  const [doomed] = tabs as [Page]
  await doomed.evaluate(() => {
    const between = () => {
      rows.kept.set('row', 'put')
      return new Promise(() => undefined)
    }
    rows.add({ id: 'p1' }, between).catch(() => undefined)
  })
  await doomed.waitForFunction(() => rows.kept.has('row'))
  const session = await devTools(doomed)
  session.send('Page.crash').catch(() => undefined)
  const heir = await openTab(url, holding)
  expect(await look(heir)).toEqual(nothing)
  expect(await heir.evaluate(() => rows.ends(rows.add({ id: 'p2' })))).toBe('done')
})

test('of tabs killed at any moment no row is left without its job, nor a job without its row', async () => {
  const { url, tabs } = await openTabs('idb', 1)
  const [watcher] = tabs as [Page]
  let expected = 0
  for (let round = 0; round < 5; round++) {
    const doomed = await openTab(url, 'idb')
    await doomed.evaluate((name) => {
      const work = async () => {
        for (let count = 0; ; count++) await rows.add({ id: `${name}-${count}`, file: new Blob(['cat']) })
      }
      work().catch(() => undefined)
    }, `round${round}`)
    expected += 5
    await expect.poll(async () => (await look(watcher)).photos.length, soon).toBeGreaterThanOrEqual(expected)
    const session = await devTools(doomed)
    session.send('Page.crash').catch(() => undefined)
    // Once nothing of it can come any more.
    await watcher.evaluate((id) => rows.add({ id }), `after${round}`)
    const { photos, jobs } = await look(watcher)
    expect(jobs).toEqual(photos)
    expected = photos.length
  }
})

test('two tabs that transact and enqueue at once each keep every row with its job', async () => {
  const { tabs } = await openTabs('idb', 2)
  await Promise.all(
    tabs.map((tab, index) =>
      tab.evaluate(async (name) => {
        const all: Promise<unknown>[] = []
        for (let count = 0; count < 20; count++) {
          all.push(rows.add({ id: `${name}-${count}` }))
          all.push(rows.queue.enqueue('upload', { id: `alone-${name}-${count}` }))
        }
        await Promise.all(all)
      }, index),
    ),
  )
  for (const tab of tabs) {
    const { photos, jobs } = await look(tab)
    expect(photos).toHaveLength(40)
    expect(jobs).toHaveLength(80)
    expect(jobs.filter((id) => !id.startsWith('alone'))).toEqual(photos)
  }
})

test('an application that upgrades its database in another tab is followed there', async () => {
  const { url, tabs } = await openTabs('idb', 1)
  const [page] = tabs as [Page]
  expect(await page.evaluate(() => rows.ends(rows.add({ id: 'p1' })))).toBe('done')
  const newer = await chromium().open(url)
  await newer.evaluate(() => rows.upgrade())
  expect(await page.evaluate(() => rows.ends(rows.add({ id: 'p2' })))).toBe('done')
  expect(await look(page)).toEqual({ photos: ['p1', 'p2'], jobs: ['p1', 'p2'] })
})

test('a job that comes in with its row is run by another tab at once', async () => {
  const { tabs } = await openTabs('idb', 2)
  const [runner, writer] = tabs as [Page, Page]
  await runner.evaluate(() => rows.queue.start())
  const result = await writer.evaluate(async () => {
    const { enqueued } = await rows.add({ id: 'p1' })
    return rows.queue.result(enqueued[0]?.id ?? '')
  })
  expect(result).toBe('uploaded')
})
