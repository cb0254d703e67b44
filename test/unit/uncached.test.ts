import { afterEach, expect, test, vi } from 'vitest'
import { createQueue, type JobContext } from '../../src/index.ts'
import { tusClient } from '../../src/http/tus/client.ts'
import { tusUpload } from '../../src/http/tus/index.ts'
import { createConnectivity } from '../../src/sync/connectivity.ts'
import { uncached } from '../../src/uncached.ts'
import { bench } from './queue/bench.ts'

afterEach(() => void vi.unstubAllGlobals())

test('requests are kept from caches, and from capturing, only where a platform has such', () => {
  expect(uncached()).toEqual({})
  vi.stubGlobal('location', { href: 'https://app.example/' })
  expect(uncached()).toEqual({ cache: 'no-store' })
})

test('acknowledgements, probes and uploads in pieces are, so that no service worker queues them', async () => {
  vi.stubGlobal('location', { href: 'https://app.example/' })
  const asked: [string | undefined, RequestCache | undefined][] = []
  const fetch = async (_: unknown, { method, cache }: RequestInit = {}): Promise<Response> => {
    asked.push([method, cache])
    return new Response(null, { status: 503 })
  }
  const { given, keep, clock } = bench()
  const upload = tusUpload<{ readonly file: Blob }>({ endpoint: 'https://app.example/files', fetch })
  const sync = { url: 'https://app.example/acks', fetch }
  const queue = keep(createQueue({ ...given(), sync, handlers: { work: () => 'done', upload } }))
  await queue.enqueue('work')
  await queue.drain()
  await queue.leave({ flush: true })
  await queue.enqueue('upload', { file: new Blob(['abc']) })
  await queue.drain()
  const job = { signal: new AbortController().signal } as JobContext
  const tus = await tusClient({ file: new Blob() }, job, { endpoint: 'https://app.example/files', fetch })
  await tus.terminate('https://app.example/files/1')
  await createConnectivity({ syncUrl: sync.url, fetch, clock }).probe()
  expect(new Set(asked.map(([method]) => method))).toEqual(new Set(['POST', 'DELETE', 'HEAD']))
  expect(asked.length).toBeGreaterThan(3)
  expect(asked.filter(([, cache]) => cache !== 'no-store')).toEqual([])
})
