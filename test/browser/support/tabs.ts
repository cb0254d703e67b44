import type { QueueEventName } from 'holdfast'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Api } from './api.ts'
import type { PhotosOptions } from './app.ts'

/** How long to wait for what is to come soon, on a machine that has other things to do. */
export const soon: { timeout: number; interval: number } = { timeout: 30_000, interval: 50 }

/** The API answers no upload until it is told to; `count` tells how many wait. */
export function holdUploads(api: Api): { count(): number; release(): void } {
  const held = Promise.withResolvers<undefined>()
  let count = 0
  api.strike = ({ path }) => {
    if (path !== '/photos') return undefined
    count += 1
    return held.promise
  }
  return {
    count: () => count,
    release() {
      api.strike = () => undefined
      held.resolve(undefined)
    },
  }
}

/** Opens the queue in a tab and starts it there. */
export async function start(page: Page, options: PhotosOptions): Promise<void> {
  await page.evaluate((given) => {
    const queue = app.openPhotos(given)
    app.kept.set('told', app.listen(queue))
    return queue.start()
  }, options)
}

/** Enqueues photos in a tab; resolves to their ids once all are running. */
export async function runPhotos(page: Page, count: number): Promise<string[]> {
  const ids = await page.evaluate(async (photos) => {
    const names = Array.from({ length: photos }, (_, index) => `photo ${index}`)
    const taken = await Promise.all(
      names.map((name) => app.photos.enqueue('upload', { name, file: new Blob([name]) })),
    )
    return taken.map((each) => each.id)
  }, count)
  const running = () => page.evaluate(async () => (await app.photos.info()).counts.running)
  await expect.poll(running, soon).toBe(count)
  return ids
}

/** What a tab was told of one kind of event, oldest first. */
export function toldOf(page: Page, event: QueueEventName): Promise<unknown[]> {
  return page.evaluate((name) => {
    const told = app.kept.get('told') as ReturnType<typeof app.listen>
    return told.filter((each) => each.name === name).map((each) => each.event)
  }, event)
}

/** How often, and under which epochs, the log says that each job was completed. */
export async function completions(page: Page, ids: readonly string[]): Promise<(number | undefined)[][]> {
  const events = await page.evaluate(() => app.raw.events('photos'))
  const completed = events.filter((event) => event.type === 'completed')
  return ids.map((id) => completed.filter((event) => event.id === id).map((event) => event.epoch))
}
