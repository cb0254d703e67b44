import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createConnectivity } from '../../../src/sync/connectivity.ts'
import { settle, testClock } from './clock.ts'

const clock = testClock()

afterEach(() => vi.unstubAllGlobals())

describe('online', () => {
  test('is false only when the platform says so', () => {
    const { online } = createConnectivity({ clock })
    vi.stubGlobal('navigator', undefined)
    expect(online()).toBe(true)
    vi.stubGlobal('navigator', {})
    expect(online()).toBe(true)
    vi.stubGlobal('navigator', { onLine: true })
    expect(online()).toBe(true)
    vi.stubGlobal('navigator', { onLine: false })
    expect(online()).toBe(false)
  })
})

describe('subscribe', () => {
  test('hears of both changes until it is ended', () => {
    const platform = new EventTarget()
    vi.stubGlobal('addEventListener', platform.addEventListener.bind(platform))
    vi.stubGlobal('removeEventListener', platform.removeEventListener.bind(platform))
    const { subscribe } = createConnectivity({ clock })
    let heard = 0
    const end = subscribe(() => heard++)
    platform.dispatchEvent(new Event('online'))
    platform.dispatchEvent(new Event('offline'))
    end()
    platform.dispatchEvent(new Event('online'))
    expect(heard).toBe(2)
  })

  test('does nothing where the platform tells nothing', () => {
    vi.stubGlobal('addEventListener', undefined)
    expect(createConnectivity({ clock }).subscribe(() => undefined)()).toBeUndefined()
  })
})

describe('a probe', () => {
  test('has nobody to ask without a URL', async () => {
    expect(await createConnectivity({ clock }).probe()).toBeUndefined()
  })

  test('is a HEAD request, where any answer is a yes, and none a no', async () => {
    const methods: (string | undefined)[] = []
    const api = createServer((request, response) => {
      methods.push(request.method)
      response.writeHead(503).end()
    })
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    const { port } = api.address() as AddressInfo
    const { probe } = createConnectivity({ clock, syncUrl: `http://127.0.0.1:${port}/acks` })
    expect(await probe()).toBe(true)
    expect(methods).toEqual(['HEAD'])
    await new Promise((resolve) => {
      api.close(resolve)
      api.closeAllConnections()
    })
    expect(await probe()).toBe(false)
  })

  test('is not answered by a cache', async () => {
    vi.stubGlobal('location', { href: 'http://localhost/' })
    let cache: RequestInit['cache']
    const { probe } = createConnectivity({
      clock,
      syncUrl: 'http://localhost/acks',
      async fetch(_, init) {
        cache = init.cache
        return new Response('x')
      },
    })
    expect(await probe()).toBe(true)
    expect(cache).toBe('no-store')
  })

  test('is shared by all who ask at once, and asked anew afterwards', async () => {
    let asked = 0
    const { probe } = createConnectivity({
      clock,
      probe: async () => {
        asked++
        return asked === 1
      },
    })
    expect(await Promise.all([probe(), probe(), probe()])).toEqual([true, true, true])
    expect(await probe()).toBe(false)
    expect(asked).toBe(2)
  })

  test('that throws is a no', async () => {
    const probe = () => {
      throw new Error('No network here')
    }
    expect(await createConnectivity({ clock, probe }).probe()).toBe(false)
  })

  test('without an answer for 10 s is a no, and aborted', async () => {
    let signal: AbortSignal | undefined
    const { probe } = createConnectivity({
      clock,
      probe: (given) => {
        signal = given
        return new Promise(() => undefined)
      },
    })
    const answer = probe()
    await settle()
    clock.advance(9_999)
    await settle()
    expect(signal?.aborted).toBe(false)
    clock.advance(1)
    expect(await answer).toBe(false)
    expect(signal?.aborted).toBe(true)
    expect(clock.timers).toBe(0)
  })
})
