import { capture, httpHandler, type RequestPayload, requestPayload } from 'holdfast/http'
import { idempotent, memoryResponses } from 'holdfast/idempotent'
import { describe, expect, test, vi } from 'vitest'
import { createQueue, memoryStore } from '../../../src/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, gate, turns, until } from '../queue/bench.ts'
import { listen } from './server.ts'
import { eventOf, network, put, setUp, url } from './service-worker.ts'

describe('capture', () => {
  test('lets the network answer where it does, and queues nothing', async () => {
    const { queue, send } = setUp()
    network.answer = async () => new Response('saved', { status: 500 })
    expect(await (await send(put('a')))?.answer.text()).toBe('saved')
    expect((await queue.info()).counts.pending).toBe(0)
  })

  test('queues the whole request where nobody answers, and answers 202 once that is on the disk', async () => {
    const stalled = gate()
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'commit' ? { type: 'stall', until: stalled.promise } : undefined,
    )
    const { queue, listener } = setUp({}, store)
    const event = eventOf(put('a'))
    expect(listener(event)).toBe(true)
    let answered = false
    void event.answer?.then(() => {
      answered = true
    })
    await until(() => store.counts.commit === 1)
    await turns()
    expect(answered).toBe(false)
    stalled.open()
    const answer = await event.answer
    const [job] = (await queue.list()).jobs
    expect(await answer?.json()).toEqual({ id: job?.id, queued: true })
    expect([answer?.status, answer?.headers.get('content-type')]).toEqual([202, 'application/json'])
    expect(await queue.payload(job?.id ?? '')).toMatchObject({ url, method: 'PUT', body: 'a' })
  })

  test('names the first try and the replay alike, so that a server that has heard of it knows it again', async () => {
    const { queue, send } = setUp({ mint: () => 'minted' })
    await send(put('a'))
    await send(put('b', { headers: { 'Idempotency-Key': 'own' } }))
    await send(put('c', {}, 'https://other.example/api/1'))
    const keys = (requests: readonly Request[]) =>
      requests.map(({ headers }) => headers.get('idempotency-key'))
    expect(keys(network.asked)).toEqual(['minted', 'own', null])
    network.answer = async () => new Response(null, { status: 204 })
    const first = network.asked.length
    vi.stubGlobal('fetch', async (to: string, init: RequestInit) => {
      network.asked.push(new Request(to, init))
      return new Response(null, { status: 204 })
    })
    await queue.drain()
    const [one, two, three] = keys(network.asked.slice(first))
    expect([one, two]).toEqual(['minted', 'own'])
    expect(three).toMatch(/-1$/)
    expect(await network.asked[first]?.text()).toBe('a')
  })

  test('gives an edited job another key, so that a server that refused the first for good takes it', async () => {
    const { queue, send } = setUp()
    const endpoint = idempotent((request) => ({ status: request.text() === 'good' ? 201 : 422 }), {
      store: memoryResponses(),
    })
    let lost = true
    network.answer = async (request) => {
      const answer = await endpoint(request)
      if (lost) throw new TypeError('terminated')
      return answer
    }
    await send(put('bad'))
    const [{ id } = { id: '' }] = (await queue.list()).jobs
    lost = false
    await queue.drain()
    expect(await queue.get(id)).toMatchObject({
      state: 'dead',
      failures: [{ message: expect.stringContaining('422') }],
    })
    const kept = (await queue.payload(id)) as RequestPayload
    await queue.edit(id, { ...kept, body: 'good' })
    await queue.redrive(id)
    await queue.drain()
    expect((await queue.get(id))?.state).toBe('completed')
    const [tried, replayed, edited] = network.asked.map(({ headers }) => headers.get('idempotency-key'))
    expect([replayed, edited]).toEqual([tried, `${id}-2`])
  })

  test('leaves what must not be replayed alone', async () => {
    const { listener, send } = setUp({ match: () => true })
    const odd = (request: Request, name: string, value: string): Request =>
      Object.defineProperty(request, name, { value })
    const left = [
      new Request(url),
      odd(put('a'), 'mode', 'navigate'),
      put('a', { headers: { Range: 'bytes=0-9' } }),
      put('a', { cache: 'no-store' }),
      put('a', { headers: { 'Cache-Control': 'no-store' } }),
      odd(put('a', {}, 'https://other.example/'), 'mode', 'no-cors'),
    ]
    expect(left.map((request) => listener(eventOf(request)))).toEqual(left.map(() => false))
    expect((await send(odd(put('a'), 'mode', 'no-cors')))?.answer.status).toBe(202)
  })

  test('takes the methods and URLs that it is told', async () => {
    const { listener, send } = setUp({ methods: ['GET'], match: ({ url }) => url.endsWith('/1') })
    expect(listener(eventOf(put('a')))).toBe(false)
    expect(listener(eventOf(new Request(`${url}0`)))).toBe(false)
    expect((await send(new Request(url)))?.answer.status).toBe(202)
    const pattern = setUp({ match: /\/other\// })
    expect(pattern.listener(eventOf(put('a')))).toBe(false)
  })

  test.each([/\/api\//g, /https:.*\/api\//y])('takes every URL that %s matches', async (match) => {
    const { send } = setUp({ match })
    const answers = [await send(put('a')), await send(put('b')), await send(put('c'))]
    expect(answers.map((sent) => sent?.answer.status)).toEqual([202, 202, 202])
  })

  test('does not queue what its page aborts, nor what fails otherwise than for want of an answer', async () => {
    const { queue, send } = setUp()
    const controller = new AbortController()
    network.answer = async () => {
      controller.abort()
      throw new DOMException('The request was aborted', 'AbortError')
    }
    await expect(send(put('a', { signal: controller.signal }))).rejects.toThrow('aborted')
    network.answer = () => Promise.reject(new RangeError('A bug'))
    await expect(send(put('b'))).rejects.toThrow('A bug')
    expect((await queue.info()).counts.pending).toBe(0)
  })

  test('counts an answer as none where it is told to, and hands it on, and tells, where that cannot be queued', async () => {
    const failed = ({ status }: Response) => status === 503
    const busy = new Response('busy', { status: 503 })
    network.answer = async () => busy
    expect((await setUp({ failed }).send(put('a')))?.answer.status).toBe(202)
    // What nobody reads is called off, and so is its connection free.
    await expect(busy.body?.getReader().read()).resolves.toMatchObject({ done: true })
    network.answer = async () => new Response('busy', { status: 503 })
    const told: unknown[] = []
    const onError = (error: unknown): void => void told.push(error)
    const tooLarge = await setUp({ failed, maxBytes: 1, onError }).send(put('ab'))
    expect(await tooLarge?.answer.text()).toBe('busy')
    expect(told).toEqual([expect.any(RangeError)])
  })

  test('fails as the network did where it cannot be queued', async () => {
    await expect(setUp({ maxBytes: 1 }).send(put('ab'))).rejects.toThrow(RangeError)
  })

  test('does not ask the network where it is told to queue always', async () => {
    const { send, bodies } = setUp({ strategy: 'always-queue' })
    expect((await send(put('a')))?.answer.status).toBe(202)
    expect(network.asked).toEqual([])
    expect(await bodies()).toEqual(['a'])
  })
})

test('what is to be done once a request is queued keeps the worker alive, and the answer does not wait for it', async () => {
  const registered = gate<string>()
  const ids: string[] = []
  const { send } = setUp({
    onQueued: ({ id }) => {
      ids.push(id)
      return registered.promise
    },
  })
  const sent = await send(put('a'))
  expect(await sent?.answer.json()).toEqual({ id: ids[0], queued: true })
  expect(sent?.waits).toHaveLength(1)
  registered.open('registered')
  expect(await sent?.waits[0]).toBe('registered')
})

test('what a page replays is not captured again', async () => {
  const { url: server } = await listen((_, response) => response.end())
  vi.unstubAllGlobals()
  vi.stubGlobal('location', new URL('https://app.example/'))
  const inits: RequestInit[] = []
  const { given, keep } = bench()
  const request = httpHandler({
    fetch: (to, init) => {
      inits.push(init)
      return fetch(to, init)
    },
  })
  const queue = keep(createQueue({ ...given(), handlers: { request } }))
  await queue.enqueue('request', await requestPayload(put('a', {}, server)))
  await queue.drain()
  const listener = capture({ queue, kind: 'request', match: () => true })
  expect(inits.map((init) => listener(eventOf(new Request(server, init))))).toEqual([false])
})

test('misuse is refused', () => {
  const { queue } = setUp()
  const given = { queue, kind: 'request', match: /x/ } as const
  expect(() => capture({ ...given, match: 'x' as never })).toThrow('expected a RegExp')
  expect(() => capture({ ...given, kind: undefined as never })).toThrow('options.kind')
  expect(() => capture({ ...given, method: ['PUT'] } as never)).toThrow('method')
})
