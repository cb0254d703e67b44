import { capture, type RequestPayload, requestPayload } from 'holdfast/http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createQueue, memoryStore, RetryError, type StoreFactory } from '../../../src/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, gate, turns, until } from '../queue/bench.ts'
import { eventOf, network, put, setUp, url } from './service-worker.ts'

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
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
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
    expect(String(told)).toMatch(/Cannot look at the queue: .* within 3 s$/)
    stalled.open()
    expect((await send(put('b')))?.answer.status).toBe(204)
    expect([told.length, vi.getTimerCount()]).toEqual([1, 0])
  })
})
