import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useChromium } from './support/chromium.ts'
import { control, type DeskSite, serveDesk } from './support/desk-site.ts'
import { oversee } from './support/hosts/visitor.ts'
import { soon } from './support/tabs.ts'

const chromium = useChromium()

async function controlled(): Promise<{ site: DeskSite; page: Page }> {
  const site = await serveDesk()
  const page = await chromium().open(site.url)
  await control(page)
  return { site, page }
}

/** The connections of what was not answered break, and all others until the site is up again. */
function loseStalled(site: DeskSite): void {
  site.isDown = true
  for (const request of site.stalled) request.socket.destroy()
}

const jobs = (page: Page) => page.evaluate(async () => (await desk.requests.list()).jobs)

test('a request that nobody answers is taken by the service worker, and replayed as it was', async () => {
  const { site, page } = await controlled()
  site.isDown = true
  const answer = await page.evaluate(async () => {
    const form = new FormData()
    form.set('caption', 'Eine Katze')
    form.set('file', new File([new Uint8Array([0, 1, 254, 255])], 'cat.png', { type: 'image/png' }))
    const headers = { Authorization: 'Bearer stale', 'X-Of-Its-Own': 'yes' }
    const response = await fetch('/api/photos?in=album', { method: 'POST', body: form, headers })
    return { status: response.status, body: await response.json() }
  })
  const [job] = await jobs(page)
  expect(answer).toEqual({ status: 202, body: { id: job?.id, queued: true } })
  expect(await page.evaluate((id) => desk.requests.payload(id), job?.id ?? '')).toMatchObject({
    method: 'POST',
  })

  site.isDown = false
  expect(await page.evaluate(() => desk.drainWorker())).toMatchObject({ completed: 1, remaining: 0 })
  expect(site.written).toHaveLength(1)
  const [written] = site.written
  expect(written).toMatchObject({ method: 'POST', path: '/api/photos' })
  const { headers, body } = written ?? {}
  expect(headers).toMatchObject({ authorization: 'Bearer fresh', 'x-of-its-own': 'yes' })
  expect(headers?.['idempotency-key']).toMatch(/^[\da-f-]{36}$/)
  const again = new Request(site.url, {
    method: 'POST',
    headers: { 'Content-Type': headers?.['content-type'] ?? '' },
    body: new Uint8Array(body ?? []),
  })
  const form = await again.formData()
  expect(form.get('caption')).toBe('Eine Katze')
  expect(new Uint8Array(await (form.get('file') as File).arrayBuffer())).toEqual(
    new Uint8Array([0, 1, 254, 255]),
  )
})

test('of several writes to one address the last goes, and none overtakes it', async () => {
  const { site, page } = await controlled()
  const put = (text: string) =>
    page.evaluate(async (body) => {
      const referrer = '/notes/1'
      return (await fetch('/api/notes/1', { method: 'PUT', body, referrer })).status
    }, text)
  site.isDown = true
  expect([await put('first'), await put('second')]).toEqual([202, 202])
  site.isDown = false
  // The network is back; what is queued of this address goes first all the same.
  expect(await put('third')).toBe(202)
  expect(await page.evaluate(() => desk.drainWorker())).toMatchObject({ remaining: 0 })
  expect(site.written.map(({ body }) => body.toString())).toEqual(['third'])
  expect(await put('fourth')).toBe(201)
  expect(site.written[1]?.headers.referer).toBe(`${site.url}notes/1`)
})

test('a write waits for an earlier one to its address that is under way, and is queued behind it', async () => {
  const { site, page } = await controlled()
  const put = (path: string, text: string) =>
    page.evaluate(async ([to, body]) => (await fetch(to, { method: 'PUT', body })).status, [
      path,
      text,
    ] as const)
  site.isStalling = true
  const first = put('/api/notes/1', 'first')
  await expect.poll(() => site.stalled.length, soon).toBe(1)
  site.isStalling = false
  const second = put('/api/notes/1', 'second')
  expect(await put('/api/notes/2', 'of another')).toBe(201)
  expect(site.written.map(({ body }) => body.toString())).toEqual(['of another'])

  loseStalled(site)
  expect(await Promise.all([first, second])).toEqual([202, 202])
  site.isDown = false
  expect(await page.evaluate(() => desk.drainWorker())).toMatchObject({ completed: 1, remaining: 0 })
  expect(site.written.map(({ body }) => body.toString())).toEqual(['of another', 'second'])
})

test('a write that waits its turn while its tab is closed is queued, too', async () => {
  const { site, page } = await controlled()
  site.isStalling = true
  const closing = await chromium().open(site.url)
  const put = (body: string) =>
    closing.evaluate((text) => void fetch('/api/notes/1', { method: 'PUT', body: text }).catch(() => 0), body)
  await put('first')
  await expect.poll(() => site.stalled.length, soon).toBe(1)
  await put('second')
  await closing.close()
  expect(site.stalled).toHaveLength(1)
  site.isStalling = false
  loseStalled(site)
  await expect.poll(async () => (await jobs(page))[0]?.revision, soon).toBe(2)
  site.isDown = false
  expect(await page.evaluate(() => desk.drainWorker())).toMatchObject({ completed: 1, remaining: 0 })
  expect(site.written.map(({ body }) => body.toString())).toEqual(['second'])
})

test('a beacon is taken; a navigation, a range and what is read are not', async () => {
  const { site, page } = await controlled()
  site.isDown = true
  expect(await page.evaluate(() => navigator.sendBeacon('/api/clicks', 'click'))).toBe(true)
  await expect.poll(async () => (await jobs(page)).length, soon).toBe(1)
  const failures = await page.evaluate(async () => {
    const inits: RequestInit[] = [{}, { method: 'POST', headers: { Range: 'bytes=0-1' } }]
    return Promise.all(
      inits.map((init) =>
        fetch('/api/notes', init).then(
          () => 'answered',
          ({ name }) => name,
        ),
      ),
    )
  })
  expect(failures).toEqual(['TypeError', 'TypeError'])
  await expect(chromium().open(`${site.url}api/page`)).rejects.toThrow()
  site.isDown = false
  expect(await page.evaluate(() => desk.drainWorker())).toMatchObject({ completed: 1, remaining: 0 })
  expect(site.written.map(({ path, body }) => [path, body.toString()])).toEqual([['/api/clicks', 'click']])
})

test('the first try of a beacon has an idempotency key, too, and its replay has the same', async () => {
  const { site, page } = await controlled()
  const beacon = (text: string) => page.evaluate((body) => navigator.sendBeacon('/api/clicks', body), text)
  const keys = () => site.written.map(({ headers }) => headers['idempotency-key'])
  await beacon('heard')
  await expect.poll(() => site.written.length, soon).toBe(1)
  expect(keys()).toEqual([expect.stringMatching(/^[\da-f-]{36}$/)])

  site.isStalling = true
  await beacon('lost')
  await expect.poll(() => site.stalled.length, soon).toBe(1)
  const [first] = site.stalled.map(({ headers }) => headers['idempotency-key'])
  site.isStalling = false
  loseStalled(site)
  await expect.poll(async () => (await jobs(page)).length, soon).toBe(1)
  site.isDown = false
  expect(await page.evaluate(() => desk.drainWorker())).toMatchObject({ completed: 1, remaining: 0 })
  expect(keys()[1]).toBe(first)
})

test('what a page replays in vain is not captured once more', async () => {
  const { site, page } = await controlled()
  site.isDown = true
  await page.evaluate(() => fetch('/api/notes', { method: 'POST', body: 'once' }))
  const before = site.refused
  const drained = await page.evaluate(() => desk.requests.drain())
  expect(drained).toMatchObject({ completed: 0, remaining: 1, stopped: 'held' })
  expect(site.refused).toBeGreaterThan(before)
  expect(await jobs(page)).toHaveLength(1)
  site.isDown = false
  await page.evaluate(() => desk.requests.resume())
  expect(await page.evaluate(() => desk.requests.drain())).toMatchObject({ completed: 1, remaining: 0 })
  expect(site.written.map(({ body }) => body.toString())).toEqual(['once'])
})

test('what is under way while its tab is closed is queued if nobody answers it', async () => {
  const { site, page } = await controlled()
  site.isStalling = true
  const closing = await chromium().open(site.url)
  await closing.evaluate(() => void fetch('/api/notes', { method: 'POST', body: 'in flight' }).catch(() => 0))
  await expect.poll(() => site.stalled.length, soon).toBe(1)
  await closing.close()
  site.isStalling = false
  loseStalled(site)
  await expect.poll(async () => (await jobs(page)).length, soon).toBe(1)
  site.isDown = false
  expect(await page.evaluate(() => desk.drainWorker())).toMatchObject({ completed: 1, remaining: 0 })
  expect(site.written.map(({ body }) => body.toString())).toEqual(['in flight'])
})

test('what was captured while the network was away arrives once, by a sync of the worker with no tab open', async () => {
  const site = await serveDesk()
  const page = await chromium().open(site.url)
  await control(page, '/worker.js?hosted')
  site.isDown = true
  const status = await page.evaluate(
    async () => (await fetch('/api/comments', { method: 'POST', body: 'Nice!' })).status,
  )
  expect(status).toBe(202)
  const tags = () =>
    page.evaluate(async () => Reflect.get(await navigator.serviceWorker.ready, 'sync').getTags())
  await expect.poll(tags, soon).toEqual(['requests'])
  const overseer = await oversee(chromium(), { url: new URL(site.url).origin })
  await page.close()
  await overseer.stop()

  site.isDown = false
  await overseer.sync({ tag: 'requests' })
  await expect.poll(() => site.written.length, soon).toBe(1)
  const visitor = await chromium().open(site.url)
  const states = async () => (await jobs(visitor)).map(({ state }) => state)
  await expect.poll(states, soon).toEqual(['completed'])
  expect(site.written).toMatchObject([{ method: 'POST', path: '/api/comments' }])
  expect(site.written[0]?.headers['idempotency-key']).toMatch(/^[\da-f-]{36}$/)
  expect(String(site.written[0]?.body)).toBe('Nice!')
})

test('an upload tells its progress, its answer is that of fetch, and a service worker leaves it alone', async () => {
  const { site, page } = await controlled()
  const size = 8 * 1_048_576
  const seen = await page.evaluate(async (bytes) => {
    const { blob, sha256 } = await desk.noise(bytes)
    const told: [number, number][] = []
    const init = { method: 'PUT', body: blob, headers: { 'X-Of-Its-Own': 'yes' } }
    const response = await desk.uploadFetch('/api/blobs/1', init, (sent, total) => told.push([sent, total]))
    const { status, url, headers } = response
    return { status, url, number: headers.get('x-number'), json: await response.json(), told, sha256 }
  }, size)
  expect(seen).toMatchObject({ status: 201, url: `${site.url}api/blobs/1`, number: '1', json: { number: 1 } })
  expect(seen.told.at(-1)).toEqual([size, size])
  const [written] = site.written
  expect(written?.headers).toMatchObject({ 'x-of-its-own': 'yes' })
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(written?.body ?? []))
  expect(Buffer.from(digest).toString('hex')).toBe(seen.sha256)

  site.isDown = true
  const errors = await page.evaluate(async () => {
    const controller = new AbortController()
    const refused = desk.uploadFetch('/api/blobs/2', { method: 'PUT', body: 'x' }, () => undefined)
    const name = await refused.then(
      () => 'answered',
      (error) => error.name,
    )
    const init = { method: 'PUT', body: 'x', signal: controller.signal }
    const aborted = desk.uploadFetch('/api/blobs/3', init, () => undefined)
    controller.abort('enough')
    return [name, await aborted.catch((reason) => reason)]
  })
  expect(errors).toEqual(['TypeError', 'enough'])
  expect(await jobs(page)).toEqual([])
})
