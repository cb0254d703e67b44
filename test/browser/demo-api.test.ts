import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Servers, startServers } from '../../demo/server/start.ts'

async function serve(options: Parameters<typeof startServers>[0] = {}): Promise<Servers> {
  const servers = await startServers({ port: 0, apiPort: 0, ...options })
  onTestFinished(() => servers.close())
  return servers
}

function post({ apiUrl }: Servers, key: string, body: string, caption = 'fine'): Promise<Response> {
  const headers = { authorization: 'Bearer tester', 'idempotency-key': key, 'content-type': 'image/png' }
  return fetch(`${apiUrl}/photos?caption=${encodeURIComponent(caption)}`, { method: 'POST', headers, body })
}

const filesOf = ({ dataDir }: Servers): string[] => readdirSync(join(dataDir, 'photos', 'tester'))

test('a photo sent twice under one key is stored once, and answered alike', async () => {
  const servers = await serve()
  const answers = await Promise.all([post(servers, 'key-1', 'bytes'), post(servers, 'key-1', 'bytes')])
  const again = await post(servers, 'key-1', 'bytes')
  expect([...answers, again].map(({ status }) => status).sort()).toEqual([200, 200, 201])
  const bodies = await Promise.all([...answers, again].map((answer) => answer.text()))
  expect(new Set(bodies).size).toBe(1)
  expect(filesOf(servers)).toEqual(['key-1'])
  expect(readFileSync(join(servers.dataDir, 'photos/tester/key-1'), 'utf8')).toBe('bytes')
})

test('another photo under a used key is refused, and the first one stays', async () => {
  const servers = await serve()
  await post(servers, 'key-1', 'bytes')
  expect((await post(servers, 'key-1', 'other bytes')).status).toBe(422)
  expect(readFileSync(join(servers.dataDir, 'photos/tester/key-1'), 'utf8')).toBe('bytes')
  expect(filesOf(servers)).toEqual(['key-1'])
})

test.each(['', '../../escape', 'a/b', 'a'.repeat(101)])('the key "%s" is refused', async (key) => {
  const servers = await serve()
  expect((await post(servers, key, 'bytes')).status).toBe(400)
  expect(readdirSync(join(servers.dataDir, 'photos'))).toEqual([])
})

test('what fails by chance fails again in the same order under the same seed', async () => {
  const statuses = async (seed: number): Promise<number[]> => {
    const servers = await serve({ seed })
    servers.weather.set({ failureRate: 0.3 })
    const seen: number[] = []
    for (let index = 0; index < 40; index++) seen.push((await post(servers, `key-${index}`, 'x')).status)
    return seen
  }
  const first = await statuses(7)
  expect(await statuses(7)).toEqual(first)
  expect(await statuses(8)).not.toEqual(first)
  const failed = first.filter((status) => status === 500).length
  expect(failed).toBeGreaterThan(4)
  expect(failed).toBeLessThan(22)
})

test('down, the API answers photos and acknowledgements with 503, and can still be switched on again', async () => {
  const servers = await serve()
  const turn = (switches: object): Promise<Response> =>
    fetch(`${servers.apiUrl}/switches`, { method: 'POST', body: JSON.stringify(switches) })
  expect((await turn({ down: true })).status).toBe(200)
  const refused = await post(servers, 'key-1', 'bytes')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect((await fetch(`${servers.apiUrl}/acks`, { method: 'POST', body: '[]' })).status).toBe(503)
  await turn({ down: false })
  expect((await post(servers, 'key-1', 'bytes')).status).toBe(201)
  expect((await turn({ latencyMs: -1 })).status).toBe(422)
  expect((await turn({ weather: 'fine' })).status).toBe(422)
})

test('only the site may read the API’s answers', async () => {
  const servers = await serve()
  const allowed = async (origin: string): Promise<string | null> => {
    const { headers } = await fetch(`${servers.apiUrl}/state`, { headers: { origin } })
    return headers.get('access-control-allow-origin')
  }
  expect(await allowed(servers.siteUrl)).toBe(servers.siteUrl)
  expect(await allowed('https://example.com')).toBeNull()
})

test('a taken port is an error if it was asked for', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => {
    taken.close()
  })
  await new Promise((resolve) => taken.once('listening', resolve))
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await expect(startServers({ port, apiPort: 0 })).rejects.toThrow('EADDRINUSE')
})
