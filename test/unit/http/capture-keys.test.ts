import { capture, httpTask, type RequestPayload, requestPayload } from 'holdfast/http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  createQueue,
  defineTasks,
  FatalError,
  memoryStore,
  RetryError,
  type StoreFactory,
} from '../../../src/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, gate, turns, until } from '../queue/bench.ts'
import { type Capturing, eventOf, network, put, setUp, url } from './service-worker.ts'

/** Time goes by when the test says so. */
function useFakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
}

describe('what is captured of one key', () => {
  test('keeps its order: while something of it is queued, the network is not tried', async () => {
    const { queue, send, bodies } = setUp({ key: ({ url }) => url })
    await send(put('first'))
    network.answer = async () => new Response(null, { status: 204 })
    expect((await send(put('second')))?.answer.status).toBe(202)
    expect((await send(put('of another', {}, `${url}1`)))?.answer.status).toBe(204)
    expect(await bodies()).toEqual(['first', 'second'])
    const { jobs } = await queue.list({ key: url })
    expect(jobs).toHaveLength(2)
  })

  test('does not overtake what runs', async () => {
    const { given, keep } = bench()
    const running = gate()
    const queue = keep(
      createQueue({ ...given(), handlers: { request: (_: RequestPayload) => running.promise } }),
    )
    const listener = capture({ queue, kind: 'request', match: () => true, key: () => 'one' })
    const dispatch = async (text: string) => {
      const event = eventOf(put(text))
      listener(event)
      return (await event.answer)?.status
    }
    await dispatch('first')
    await queue.start()
    await until(async () => (await queue.info()).counts.running === 1)
    network.answer = async () => new Response(null, { status: 204 })
    expect(await dispatch('second')).toBe(202)
    running.open()
  })

  test('does not overtake what is given back while it looks', async () => {
    const { given, keep } = bench()
    const running = gate()
    const queue = keep(
      createQueue({ ...given(), handlers: { request: (_: RequestPayload) => running.promise } }),
    )
    const looked = async (filter: Parameters<typeof queue.list>[0]) => {
      const page = await queue.list(filter)
      running.fail(new RetryError('Later', { afterMs: 60_000 }))
      await until(async () => (await queue.info()).counts.running === 0)
      return page
    }
    await queue.enqueue('request', await requestPayload(put('first')), { key: 'one' })
    await queue.start()
    await until(async () => (await queue.info()).counts.running === 1)
    network.answer = async () => new Response(null, { status: 204 })
    const { enqueue } = queue
    const { send } = setUp({ queue: { enqueue, list: looked }, key: () => 'one' })
    expect((await send(put('second')))?.answer.status).toBe(202)
  })

  test.each([
    ['does not overtake a dead head that blocks it, though nothing waits behind that', 'block', 202],
    ['goes on after a dead head that lets it', 'free', 204],
  ] as const)('%s', async (_, deadHead, status) => {
    const { given, keep } = bench()
    const tasks = defineTasks({ request: httpTask({ deadHead }) })
    const handlers = { request: () => Promise.reject(new FatalError('Refused')) }
    const queue = keep(createQueue({ ...given(), tasks, handlers }))
    await queue.enqueue('request', await requestPayload(put('first')), { key: 'one' })
    await queue.drain()
    network.answer = async () => new Response(null, { status: 204 })
    const { send } = setUp({ queue, key: () => 'one' })
    expect((await send(put('second')))?.answer.status).toBe(status)
  })

  test('is superseded by what has its dedupe key, and then the latest goes', async () => {
    const { send, bodies, queue } = setUp({ dedupeKey: ({ url }) => url, options: { expiresInMs: 60_000 } })
    const one = await (await send(put('first')))?.answer.json()
    const two = await (await send(put('second')))?.answer.json()
    expect(two).toEqual(one)
    expect(await bodies()).toEqual(['second'])
    expect(await queue.get(one.id)).toMatchObject({ key: url, dedupeKey: url, revision: 2 })
    expect((await queue.get(one.id))?.expiresAt).toBeGreaterThan(0)
    const keep = setUp({ dedupeKey: ({ url }) => url, options: { onDuplicate: 'keep' } })
    await keep.send(put('first'))
    await keep.send(put('second'))
    expect(await keep.bodies()).toEqual(['first'])
  })

  test('is queued although it has no dedupe key of which the options speak', async () => {
    const options = {
      onDuplicate: 'debounce',
      while: ['pending'],
      debounceMaxMs: 9_000,
      priority: 3,
    } as const
    const { send, queue } = setUp({
      options,
      dedupeKey: ({ method, url }) => (method === 'PUT' ? url : undefined),
    })
    const plain = await (await send(put('a note', { method: 'POST' })))?.answer.json()
    expect(await queue.get(plain.id)).toMatchObject({ state: 'pending', priority: 3 })
    const one = await (await send(put('first')))?.answer.json()
    const two = await (await send(put('second')))?.answer.json()
    expect(two).toEqual(one)
    expect(await queue.get(one.id)).toMatchObject({ dedupeKey: url, revision: 2, priority: 3 })
    const timed = setUp({ options: { dedupeMs: 5_000 } })
    expect((await timed.send(put('another')))?.answer.status).toBe(202)
  })
})

describe('what is under way of one key', () => {
  const lost = new TypeError('fetch failed')
  const saved = async () => new Response(null, { status: 204 })

  /** The network takes a request, and answers it by this gate. */
  function hang(): ReturnType<typeof gate<Response>> {
    const outcome = gate<Response>()
    network.answer = () => outcome.promise
    return outcome
  }

  const status = async (sent: ReturnType<Capturing['send']>) => (await sent)?.answer.status

  test('is waited for: what follows a request that is lost is queued behind it', async () => {
    const { send, bodies } = setUp({ key: () => 'one' })
    const outcome = hang()
    const first = send(put('first'))
    await until(() => network.asked.length === 1)
    network.answer = saved
    const second = send(put('second'))
    await turns()
    expect(network.asked).toHaveLength(1)
    outcome.fail(lost)
    expect([await status(first), await status(second)]).toEqual([202, 202])
    expect(network.asked).toHaveLength(1)
    expect(await bodies()).toEqual(['first', 'second'])
  })

  test('is followed to the network once it is answered', async () => {
    const { send } = setUp({ dedupeKey: ({ url }) => url })
    const outcome = hang()
    const first = send(put('first'))
    const [second, third] = [send(put('second')), send(put('third'))]
    await turns()
    expect(network.asked).toHaveLength(1)
    network.answer = saved
    outcome.open(new Response(null, { status: 201 }))
    expect(await Promise.all([first, second, third].map(status))).toEqual([201, 204, 204])
    expect(await Promise.all(network.asked.map((request) => request.text()))).toEqual([
      'first',
      'second',
      'third',
    ])
  })

  test('holds up nobody of another key, or of none', async () => {
    const { send } = setUp({ key: (request) => request.headers.get('x-key') ?? undefined })
    const of = (key: string) => put(key, { headers: { 'X-Key': key } })
    const outcome = hang()
    const first = send(of('one'))
    await until(() => network.asked.length === 1)
    const unnamed = send(put('none'))
    await until(() => network.asked.length === 2)
    network.answer = saved
    expect(await status(send(of('another')))).toBe(204)
    expect(await status(send(put('none')))).toBe(204)
    outcome.open(new Response(null, { status: 201 }))
    expect([await status(first), await status(unnamed)]).toEqual([201, 201])
  })

  test('is waited for by whatever else captures into its queue', async () => {
    const { queue, send } = setUp({ key: () => 'one' })
    const onFetch = capture({ queue, kind: 'request', match: () => true, key: () => 'one' })
    const outcome = hang()
    const first = send(put('first'))
    await until(() => network.asked.length === 1)
    const event = eventOf(put('second'))
    onFetch(event)
    await turns()
    expect(network.asked).toHaveLength(1)
    outcome.fail(lost)
    expect([await status(first), (await event.answer)?.status]).toEqual([202, 202])
  })

  test('is queued in its order, however long it takes to read', async () => {
    const { send, bodies } = setUp({ key: () => 'one', strategy: 'always-queue' })
    const reading = gate()
    const slow = new ReadableStream<Uint8Array>({
      async pull(stream) {
        await reading.promise
        stream.enqueue(new TextEncoder().encode('first'))
        stream.close()
      },
    })
    const halfDuplex: RequestInit & { readonly duplex: 'half' } = { body: slow, duplex: 'half' }
    const first = send(put('', halfDuplex))
    const second = send(put('second'))
    await turns()
    reading.open()
    expect([await status(first), await status(second)]).toEqual([202, 202])
    expect(await bodies()).toEqual(['first', 'second'])
  })

  test('may fail, or be aborted, without a word to what follows', async () => {
    const { send, bodies } = setUp({ key: () => 'one' })
    const controller = new AbortController()
    const outcome = hang()
    const broken = send(put('broken'))
    const aborted = send(put('aborted', { signal: controller.signal }))
    const last = send(put('last'))
    await until(() => network.asked.length === 1)
    network.answer = async ({ signal }) => {
      signal.throwIfAborted()
      throw lost
    }
    controller.abort(new Error('Enough'))
    outcome.fail(new RangeError('A bug'))
    await expect(broken).rejects.toThrow('A bug')
    await expect(aborted).rejects.toThrow('Enough')
    expect(await status(last)).toBe(202)
    expect(await bodies()).toEqual(['last'])
  })

  test('is not queued if it was aborted while it waited for one that is', async () => {
    const { send, bodies } = setUp({ key: () => 'one' })
    const controller = new AbortController()
    const outcome = hang()
    const first = send(put('first'))
    const aborted = send(put('aborted', { signal: controller.signal }))
    await until(() => network.asked.length === 1)
    controller.abort(new Error('Enough'))
    outcome.fail(lost)
    expect(await status(first)).toBe(202)
    await expect(aborted).rejects.toThrow('Enough')
    expect(await bodies()).toEqual(['first'])
  })
})

describe('what is under way of one key and hangs', () => {
  const queued = { status: 202 }

  /** The network takes a request, and never answers it. */
  const silence = ({ signal }: Request) =>
    new Promise<Response>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })

  test('is given up after four minutes, and queued with what waited for it', async () => {
    useFakeTimers()
    const { send, bodies } = setUp({ key: () => 'one' })
    network.answer = silence
    const first = send(put('first'))
    await until(() => network.asked.length === 1)
    vi.advanceTimersByTime(60_000)
    const second = send(put('second'))
    vi.advanceTimersByTime(179_999)
    await turns()
    expect(network.asked[0]?.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect([(await first)?.answer, (await second)?.answer]).toMatchObject([queued, queued])
    expect([network.asked.length, vi.getTimerCount()]).toEqual([1, 0])
    expect(await bodies()).toEqual(['first', 'second'])
  })

  test('is sent as it was, for all its limit', async () => {
    const { send } = setUp({ key: () => 'one' })
    await send(put('a', { referrer: 'https://app.example/notes', referrerPolicy: 'unsafe-url' }))
    const [{ referrer, referrerPolicy } = {}] = network.asked
    expect([referrer, referrerPolicy]).toEqual(['https://app.example/notes', 'unsafe-url'])
  })

  test('is given up when its page aborts it, and not queued', async () => {
    const { send, bodies } = setUp({ key: () => 'one' })
    network.answer = silence
    const controller = new AbortController()
    const first = send(put('first', { signal: controller.signal }))
    await until(() => network.asked.length === 1)
    controller.abort(new Error('Enough'))
    await expect(first).rejects.toThrow('Enough')
    expect(await bodies()).toEqual([])
  })

  test('may take any time over its answer once that has begun', async () => {
    useFakeTimers()
    const { send } = setUp({ key: () => 'one' })
    network.answer = async () => new Response(null, { status: 204 })
    expect((await send(put('a')))?.answer.status).toBe(204)
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(300_000)
    expect(network.asked[0]?.signal.aborted).toBe(false)
  })
})

/** What a page with a newer build of the library appends. */
async function appendAsNewer(store: StoreFactory): Promise<void> {
  const handle = store('mail')
  const { log, mark, entries } = await handle.load()
  const body = JSON.stringify({ v: 99, at: 0, events: [] })
  const at = { log, seq: mark + entries.length }
  await handle.commit(at, () => ({ id: 'newer:1', body, durability: 'strict' }))
  await handle.close()
}

describe('where the queue cannot be seen, nothing is known to be queued', () => {
  test('and the network is asked, as with a page whose build is newer than its worker', async () => {
    const store = memoryStore()
    const told: unknown[] = []
    const { queue, send } = setUp({ key: () => 'one', onError: (error) => told.push(error) }, store)
    await send(put('first'))
    await appendAsNewer(store)
    await expect(queue.enqueue('request', await requestPayload(put('b')))).rejects.toThrow('format 99')
    network.answer = async () => new Response(null, { status: 204 })
    expect((await send(put('second')))?.answer.status).toBe(204)
    expect(told).toEqual([expect.objectContaining({ code: 'version-ahead' })])
  })

  test('and where the network does not answer either, the request fails', async () => {
    const store = memoryStore()
    const { send } = setUp({ key: () => 'one', onError: () => undefined }, store)
    await appendAsNewer(store)
    await expect(send(put('a'))).rejects.toMatchObject({ code: 'version-ahead' })
    expect(network.asked).toHaveLength(1)
  })

  test('and it is reported as an uncaught error is, unless somebody is to be told', async () => {
    const reported = vi.fn()
    vi.stubGlobal('reportError', reported)
    const store = memoryStore()
    const { send } = setUp({ key: () => 'one' }, store)
    await appendAsNewer(store)
    network.answer = async () => new Response(null, { status: 204 })
    await send(put('a'))
    expect(reported).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'version-ahead' }))
  })

  test('and a store that stands still is waited for three seconds', async () => {
    useFakeTimers()
    const stalled = gate()
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'load' ? { type: 'stall', until: stalled.promise } : undefined,
    )
    const told: unknown[] = []
    const { send } = setUp({ key: () => 'one', onError: (error) => told.push(error) }, store)
    network.answer = async () => new Response(null, { status: 204 })
    const sent = send(put('a'))
    await until(() => store.counts.load === 1)
    vi.advanceTimersByTime(2_999)
    await turns()
    expect(network.asked).toEqual([])
    vi.advanceTimersByTime(1)
    expect((await sent)?.answer.status).toBe(204)
    expect(String(told)).toMatch(/Cannot look at the queue: no answer$/)
    stalled.open()
    expect((await send(put('b')))?.answer.status).toBe(204)
    expect([told.length, vi.getTimerCount()]).toEqual([1, 0])
  })
})
