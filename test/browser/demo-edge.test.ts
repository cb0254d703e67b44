import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { startEdge } from '../../demo/edge/start.ts'
import type { ServerState } from '../../demo/server/api.ts'
import { type RunningEdge, type Servers, startServers } from '../../demo/server/start.ts'
import { useChromium } from './support/chromium.ts'
import { png } from './support/images.ts'

const soon = { timeout: 60_000, interval: 50 }
const chromium = useChromium()

interface Edged {
  readonly servers: Servers
  readonly errors: unknown[]
  /** Photos handed over from now on are not taken, as if the edge were out of reach. */
  cutOff(isOff: boolean): void
}

/** `handing` is called when the API hands a photo over. */
async function serve(handing: (weather: Servers['weather']) => unknown = () => undefined): Promise<Edged> {
  const errors: unknown[] = []
  let isOff = false
  const edge = async (apiUrl: string, folder: string): Promise<RunningEdge> => {
    const { hand, close } = await startEdge(apiUrl, folder)
    return {
      close,
      async hand(photo) {
        if (isOff) throw new Error('out of reach')
        handing(servers.weather)
        await hand(photo)
      },
    }
  }
  const onError = (error: unknown): void => void errors.push(error)
  const servers = await startServers({ port: 0, apiPort: 0, edge, onError })
  onTestFinished(() => servers.close())
  const cutOff = (off: boolean): void => {
    isOff = off
  }
  return { servers, errors, cutOff }
}

async function post({ apiUrl }: Servers, key: string, body: BodyInit): Promise<number> {
  const headers = { authorization: 'Bearer tester', 'idempotency-key': key, 'content-type': 'image/png' }
  const response = await fetch(`${apiUrl}/photos?name=${key}.png`, { method: 'POST', headers, body })
  await response.arrayBuffer()
  return response.status
}

async function followedUp({ apiUrl }: Servers): Promise<ServerState['followedUp']> {
  const response = await fetch(`${apiUrl}/state?principal=tester`)
  return ((await response.json()) as ServerState).followedUp
}

/** What the Worker acknowledged: it is a queue like any other. */
function acksOfTheEdge({ databasePath }: Servers): Record<string, unknown>[] {
  const database = new DatabaseSync(databasePath, { readOnly: true })
  const select = `SELECT sequence, kind, type, message FROM acknowledgements WHERE principal = 'edge' ORDER BY sequence`
  try {
    return database.prepare(select).all()
  } finally {
    database.close()
  }
}

test('the Worker makes a thumbnail of each stored photo, tells of it, and acknowledges both', async () => {
  const { servers, errors } = await serve()
  expect(await post(servers, 'wide', new Uint8Array(png(640, 320)))).toBe(201)
  expect(await post(servers, 'small', new Uint8Array(png(40, 40)))).toBe(201)
  await expect
    .poll(() => followedUp(servers), soon)
    .toEqual({
      thumbnails: ['small', 'wide'],
      notified: ['small', 'wide'],
    })

  const thumbnail = await fetch(`${servers.apiUrl}/thumbnails/tester/wide`)
  expect(thumbnail.headers.get('content-type')).toBe('image/webp')
  expect(Buffer.from(await thumbnail.arrayBuffer()).toString('latin1', 0, 12)).toMatch(/^RIFF....WEBP$/s)
  await expect
    .poll(() => acksOfTheEdge(servers).map(({ type }) => type), soon)
    .toEqual(Array(4).fill('completed'))
  expect(acksOfTheEdge(servers).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4])
  expect(errors).toEqual([])
})

test('what is no image ends in the dead letters of the Worker, and is told of all the same', async () => {
  const { servers } = await serve()
  expect(await post(servers, 'text', 'not an image')).toBe(201)
  await expect.poll(() => followedUp(servers), soon).toEqual({ thumbnails: [], notified: ['text'] })
  await expect
    .poll(() => acksOfTheEdge(servers).filter(({ type }) => type === 'dead'), soon)
    .toEqual([expect.objectContaining({ kind: 'thumbnail', message: expect.stringContaining('no image') })])
})

test('a photo that the Worker does not take is asked for again, and followed up once', async () => {
  const { servers, errors, cutOff } = await serve()
  const bytes = new Uint8Array(png(64, 64))
  cutOff(true)
  expect(await post(servers, 'late', bytes)).toBe(503)
  expect(errors).toEqual([new Error('out of reach')])
  cutOff(false)
  expect([await post(servers, 'late', bytes), await post(servers, 'late', bytes)]).toEqual([200, 200])
  await expect.poll(() => acksOfTheEdge(servers).length, soon).toBe(2)
  expect(await followedUp(servers)).toEqual({ thumbnails: ['late'], notified: ['late'] })
})

test('an API that goes down holds the Worker’s jobs back, and loses none', async () => {
  const { servers } = await serve((weather) => weather.set({ down: true }))
  const { strike } = servers.weather
  let refused = 0
  servers.weather.strike = (key) => {
    const reply = strike(key)
    if (reply?.status === 503) refused++
    return reply
  }
  expect(await post(servers, 'photo', new Uint8Array(png(50, 50)))).toBe(201)
  await expect.poll(() => refused, soon).toBeGreaterThan(0)
  expect(await followedUp(servers)).toEqual({ thumbnails: [], notified: [] })
  servers.weather.set({ down: false })
  await expect.poll(() => followedUp(servers), soon).toEqual({ thumbnails: ['photo'], notified: ['photo'] })
})

test('only the edge may put thumbnails and notifications', async () => {
  const { servers } = await serve()
  const statuses = ['thumbnails', 'notifications'].map(async (room) => {
    const headers = { authorization: 'Bearer tester' }
    const init = { method: 'PUT', headers, body: 'mine' }
    return (await fetch(`${servers.apiUrl}/${room}/tester/key`, init)).status
  })
  expect(await Promise.all(statuses)).toEqual([403, 403])
  expect(await followedUp(servers)).toEqual({ thumbnails: [], notified: [] })
})

test('the page shows thumbnails once they are made', async () => {
  const { servers } = await serve()
  const page = await chromium().open(servers.siteUrl)
  await page.setInputFiles('#files', [{ name: 'shore.png', mimeType: 'image/png', buffer: png(300, 200) }])
  await page.waitForSelector('#stored img[src*="/thumbnails/"]')
  await expect
    .poll(() => page.locator('#follow-ups').innerText(), soon)
    .toBe('At the edge: 1 thumbnail, 1 told')
  const width = () => page.locator('#stored img').evaluate((image: HTMLImageElement) => image.naturalWidth)
  await expect.poll(width, soon).toBe(160)
})
