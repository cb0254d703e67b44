import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { type Api, serveApi } from './support/api.ts'
import { bundleApp } from './support/bundle.ts'
import { devTools, useChromium } from './support/chromium.ts'
import { serve } from './support/server.ts'
import { soon, start, toldOf } from './support/tabs.ts'

const chromium = useChromium()

/** Hands a request on to the API, as a site does that has it under its own origin: so its cookies are the site's. */
async function handOn(api: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = new Headers()
  for (const name of ['content-type', 'cookie', 'idempotency-key', 'holdfast-log', 'holdfast-previous']) {
    const value = request.headers[name]
    if (typeof value === 'string') headers.set(name, value)
  }
  const body = new Uint8Array(await buffer(request))
  const answer = await fetch(api.url + request.url, { method: 'POST', headers, body })
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(await answer.text())
}

test('a browser that evicts the database, and leaves the cookies, is found out by the next acknowledgement: the queue says which log is lost', async () => {
  const [api, script] = [await serveApi(), await bundleApp()]
  const site = await serve((request, response) => {
    if (request.method === 'POST') {
      handOn(api, request, response).catch(() => response.destroy())
      return
    }
    const [type, body] =
      request.url === '/app.js'
        ? ['text/javascript', script]
        : ['text/html', '<!doctype html><script type="module" src="/app.js"></script>']
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
  })
  const page = await chromium().open(site.url)
  const enqueue = (name: string): Promise<string> =>
    page.evaluate(
      async (photo) => (await app.photos.enqueue('upload', { name: photo, file: new Blob([photo]) })).id,
      name,
    )
  await start(page, { api: site.url })
  await enqueue('first')
  await expect.poll(() => api.acks().length, soon).toBe(1)
  const old = await page.evaluate(() => app.raw.log('photos'))
  const waiting = await page.evaluate(async () => {
    const late = { name: 'waits', file: new Blob(['waits']) }
    return (await app.photos.enqueue('upload', late, { delayMs: 3_600_000 })).id
  })

  const session = await devTools(page)
  await page.goto('about:blank')
  await session.send('Storage.clearDataForOrigin', { origin: site.url, storageTypes: 'indexeddb' })
  await page.goto(site.url)
  await start(page, { api: site.url })
  expect(await page.evaluate((id) => app.photos.get(id), waiting)).toBe(undefined)
  // The device cannot know by itself: to it, everything is as on the first day.
  expect(await toldOf(page, 'store')).toEqual([{ state: 'opened' }])

  await enqueue('second')
  await expect
    .poll(() => toldOf(page, 'store'), soon)
    .toEqual([{ state: 'opened' }, { state: 'lost', log: old }])
  // It is told once, and everything works on.
  await enqueue('third')
  await expect.poll(() => api.acks().length, soon).toBe(3)
  expect(await toldOf(page, 'store')).toHaveLength(2)
  expect(await page.evaluate(async () => (await app.photos.info()).store.state)).toBe('opened')
  expect(await page.evaluate(() => app.raw.log('photos'))).not.toBe(old)
})
