import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serveApi } from './support/api.ts'
import { startChromium } from './support/chromium.ts'
import { scratchDirectory } from './support/scratch.ts'
import { serveSite } from './support/server.ts'
import { soon, start, toldOf } from './support/tabs.ts'

/** Deletes the files in which Chromium keeps large values, if they are of that size; gives how many. */
function loseFiles(profile: string, isLost: (bytes: number) => boolean): number {
  const folder = join(profile, 'Default', 'IndexedDB')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath.includes('.blob'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => isLost(statSync(path).size))
  for (const path of files) rmSync(path)
  return files.length
}

const kilobyte = 1_024

test('where the disk lost the files of large values, a payload ends its own job, as a dead letter, and an entry of the log is store-corrupt at once: that queue can be erased', async () => {
  const [site, api, profile] = [await serveSite(), await serveApi(), scratchDirectory()]
  const before = await startChromium(profile)
  const page = await before.open(site.url)
  const ids = await page.evaluate(async (url) => {
    const text = (): string => crypto.getRandomValues(new Uint32Array(100)).join('')
    const texts = (count: number): string[] => Array.from({ length: count }, text)
    const photos = app.openPhotos({ api: url })
    const large = { name: 'large', file: new Blob(['large']), captions: texts(500) }
    const taken = [
      await photos.enqueue('upload', large),
      await photos.enqueue('upload', { name: 'small', file: new Blob(['small']) }),
    ]
    const notes = app.holdfast.createQueue({ name: 'notes', handlers: { save: (_: string) => undefined } })
    await notes.enqueueAll(texts(500).map((payload) => ({ kind: 'save', payload })))
    return taken.map(({ id }) => id)
  }, api.url)
  await before.kill()
  // Not those of the room that is kept in reserve.
  expect(loseFiles(profile, (bytes) => bytes > 270 * kilobyte)).toBe(2)

  const reborn = await (await startChromium(profile)).open(site.url)
  await start(reborn, { api: api.url })
  await expect.poll(() => api.acks(), soon).toMatchObject([{ sequence: 1 }, { sequence: 2 }])
  const [lost, small] = await reborn.evaluate(
    (wanted) => Promise.all(wanted.map((id) => app.photos.get(id))),
    ids,
  )
  expect(small?.state).toBe('completed')
  expect(lost).toMatchObject({ state: 'dead', reason: 'payload-invalid', attempt: 1, crashes: 0 })
  expect(lost?.failures.map(({ message }) => message)).toEqual([expect.stringContaining('a record is lost')])
  expect(await toldOf(reborn, 'warning')).toHaveLength(1)
  expect(await toldOf(reborn, 'store')).toEqual([{ state: 'opened' }])

  const seen = await reborn.evaluate(async () => {
    const open = () =>
      app.holdfast.createQueue({ name: 'notes', handlers: { save: (_: string) => undefined } })
    const notes = open()
    const told = app.listen(notes)
    const before = app.transactions.length
    const codes: string[] = []
    for (const call of [notes.info, notes.start, notes.list, notes.drain]) {
      const error: unknown = await call().then(
        () => undefined,
        (reason: unknown) => reason,
      )
      codes.push(
        app.holdfast.isQueueError(error) ? `${error.code} ${Object(error.cause).name}` : String(error),
      )
    }
    const reads = app.transactions.slice(before).filter((each) => each.includes('log')).length
    await notes.destroy({ force: true })
    const { outcome } = await open().enqueue('save', 'new')
    return {
      codes: [...new Set(codes)],
      reads,
      states: told.map(({ event }) => Object(event).state),
      outcome,
    }
  })
  expect(seen).toEqual({
    ...{ codes: ['store-corrupt NotReadableError'], reads: 1, states: ['down'], outcome: 'created' },
  })
})
