import { createReceiver, memoryAcks } from 'holdfast/receiver'
import { describe, expect, test } from 'vitest'
import { sourceOf } from '../../../src/sync/wire.ts'
import { authenticate, completed, post, range } from './device.ts'

/** A browser's cookies, and what it was told it has lost. */
function browser(url = 'http://localhost/acks') {
  const receive = createReceiver({ store: memoryAcks(), authenticate, onAck: () => undefined })
  const jar = new Map<string, string>()
  let next = 0
  async function send(log: string | undefined, queue = 'photos', cookie?: string): Promise<string | null> {
    next += 1
    const headers = {
      ...(log !== undefined && { 'holdfast-log': log }),
      cookie: cookie ?? ['theme=dark', ...[...jar].map(([name, value]) => `${name}=${value}`)].join('; '),
    }
    const response = await receive(post([completed(1, 'job', sourceOf(queue, `o${next}`))], { url, headers }))
    expect(response.status).toBe(200)
    const [name = '', value = ''] = (response.headers.get('set-cookie') ?? '').split(';')[0]?.split('=') ?? []
    if (name !== '') jar.set(name, value)
    return response.headers.get('holdfast-lost')
  }
  return { receive, jar, send }
}

describe('the identity of the log', () => {
  test('is remembered, and nothing is said while it stays', async () => {
    const { send, jar } = browser()
    expect([await send('log-1'), await send('log-1')]).toEqual([null, null])
    expect([...jar.values()]).toEqual(['log-1'])
  })

  test('is missed once when it is another', async () => {
    const { send } = browser()
    await send('log-1')
    expect([await send('log-2'), await send('log-2')]).toEqual(['log-1', null])
  })

  test('is of each queue alone, whatever its name', async () => {
    const { send, jar } = browser()
    await send('log-1')
    expect(await send('log-2', 'täglich; Path=/evil')).toBeNull()
    expect([...jar.keys()].every((name) => /^holdfast-log-[a-z\d]+$/.test(name))).toBe(true)
    expect(jar.size).toBe(2)
  })

  test('is not asked for', async () => {
    const { send, jar } = browser()
    expect(await send(undefined)).toBeNull()
    expect(jar.size).toBe(0)
  })

  test('travels in a cookie that scripts cannot read, for as long as browsers allow', async () => {
    const header = async (url: string, secureCookie?: boolean): Promise<string | null> => {
      const options = { store: memoryAcks(), authenticate, onAck: () => undefined }
      const receive = createReceiver({ ...options, ...(secureCookie !== undefined && { secureCookie }) })
      const response = await receive(post(range(1, 1), { url, headers: { 'holdfast-log': 'log-1' } }))
      return response.headers.get('set-cookie')
    }
    const plain = /^holdfast-log-[a-z\d]+=log-1; Max-Age=34560000; Path=\/; HttpOnly; SameSite=Lax$/
    expect(await header('http://localhost/acks')).toMatch(plain)
    expect(await header('https://example.com/acks')).toMatch(/; Secure$/)
    expect(await header('http://localhost/acks', true)).toMatch(/; Secure$/)
    expect(await header('https://example.com/acks', false)).toMatch(plain)
  })

  test('with other characters than a cookie may have comes back whole', async () => {
    const { send } = browser()
    await send('log;1="x"')
    expect(await send('log-2')).toBe('log;1="x"')
  })

  test('that cannot be one is ignored', async () => {
    const { send, jar } = browser()
    for (const log of ['', 'two words', 'é', 'x'.repeat(201)]) expect(await send(log)).toBeNull()
    expect(jar.size).toBe(0)
  })

  test('is not believed from a forged cookie', async () => {
    const { send, jar } = browser()
    await send('log-1')
    const [name] = [...jar.keys()]
    for (const value of ['a%0d%0aset-cookie:x=y', '%', '%E0%A4%A', '', 'x'.repeat(300), '%C3%A9']) {
      expect(await send('log-2', 'photos', `${name}=${value}`), value).toBeNull()
    }
  })

  test('is not taken note of before the batch is settled', async () => {
    const { receive } = browser()
    const response = await receive(post(range(5, 5), { headers: { 'holdfast-log': 'log-1' } }))
    expect([response.status, response.headers.get('set-cookie')]).toEqual([409, null])
  })
})
