import { appendFileSync, globSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { type Chromium, startChromium } from './support/chromium.ts'
import { scratchDirectory } from './support/scratch.ts'
import { serveSite } from './support/server.ts'
import { start, toldOf } from './support/tabs.ts'

/** As far as a browser came that was killed between the head of a record and its body: a checksum, a length, a type. */
const torn = Buffer.from([0x12, 0x34, 0x56, 0x78, 0x20, 0x01, 0x01])

/** LevelDB's own logs under a profile, the one that is written last. */
function logOf(profile: string): string | undefined {
  return globSync(join(profile, 'Default/IndexedDB/*.leveldb/*.log')).toSorted().at(-1)
}

const enqueue = (page: Page, name: string): Promise<string> =>
  page.evaluate(async (photo) => {
    const upload = { name: photo, file: new Blob([photo]) }
    return (await app.photos.enqueue('upload', upload, { delayMs: 3_600_000 })).id
  }, name)

// The record that was being written is in none of the promises. But Chromium goes on behind its remains, and when it starts next
// it takes the whole database for damaged.
test('a database that Chromium drops, because it was killed in mid-write, is told as lost by the first who opens the new one', async () => {
  const [site, profile] = [await serveSite(), scratchDirectory()]
  const launch = async (): Promise<{ chromium: Chromium; page: Page }> => {
    const chromium = await startChromium(profile)
    const page = await chromium.open(site.url)
    // Nobody is there.
    await start(page, { api: 'http://127.0.0.1:9' })
    return { chromium, page }
  }
  const first = await launch()
  const taken = await enqueue(first.page, 'before the kill')
  await first.chromium.kill()
  const log = logOf(profile)
  if (log === undefined)
    throw new Error('this Chromium does not keep IndexedDB in LevelDB: find what it drops now')
  appendFileSync(log, torn)

  const second = await launch()
  expect(await second.page.evaluate(async (id) => (await app.photos.get(id))?.state, taken)).toBe('pending')
  expect(await toldOf(second.page, 'store')).toEqual([{ state: 'opened' }])
  const behind = await enqueue(second.page, 'behind the torn record')
  await second.chromium.kill()

  const third = await launch()
  expect(await toldOf(third.page, 'store')).toEqual([{ state: 'lost' }, { state: 'opened' }])
  const left = await third.page.evaluate(
    (ids) => Promise.all(ids.map((id) => app.photos.get(id))),
    [taken, behind],
  )
  expect(left).toEqual([undefined, undefined])
  const state = await third.page.evaluate(async () => (await app.photos.info()).store.state)
  expect(state).toBe('opened')
  await enqueue(third.page, 'on the new log')
  const late = await third.chromium.open(site.url)
  await start(late, { api: 'http://127.0.0.1:9' })
  expect(await toldOf(late, 'store')).toEqual([{ state: 'opened' }])
})
