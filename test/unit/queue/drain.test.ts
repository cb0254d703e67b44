import { afterEach, describe, expect, it, vi } from 'vitest'
import { createQueue, defineTasks, memoryStore, task } from '../../../src/index.ts'
import { createReceiver, memoryAcks } from '../../../src/receiver/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, gate, turns, until } from './bench.ts'

const tasks = defineTasks({
  work: task<string, string>(),
  local: task<string, string>({ needsNetwork: false }),
})

afterEach(() => vi.unstubAllGlobals())

describe('drain', () => {
  it('runs what is due, also what that brings about, and ends idle without waiting out a backoff', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(
      createQueue({
        ...given({ worker: { concurrency: 2 } }),
        tasks,
        handlers: {
          work: async (text: string): Promise<string> => {
            if (text === 'bad') throw new Error('no')
            if (text === 'more') await queue.enqueue('work', 'child')
            return text
          },
        },
      }),
    )
    for (const text of ['a', 'bad', 'more', 'b']) await queue.enqueue('work', text)
    await queue.enqueue('work', 'later', { delayMs: 60_000 })
    expect(await queue.drain()).toEqual({
      completed: 4,
      failed: 1,
      dead: 0,
      remaining: 2,
      nextAt: clock.now() + 500,
      wakeAt: clock.now() + 500,
      stopped: 'idle',
    })
    expect((await queue.info()).worker.started).toBe(false)
    expect(clock.timers).toBe(0)
  })

  it('of an empty queue is idle with nothing to wait for', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    const nothing = { completed: 0, failed: 0, dead: 0, remaining: 0, nextAt: undefined, stopped: 'idle' }
    expect(await queue.drain()).toHaveProperty('wakeAt', undefined)
    expect(await queue.drain()).toEqual(nothing)
  })

  it('runs what other contexts brought, hints or none', async () => {
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'hint' ? { type: 'drop-hint' } : undefined,
    )
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    const other = keep(createQueue({ ...given(), tasks }))
    await queue.info()
    await other.enqueue('work', 'a')
    expect(await queue.drain()).toMatchObject({ completed: 1 })
  })

  it('leaves a worker that was started running, and waits for one that is starting', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    await queue.enqueue('work', 'a')
    const starting = queue.start()
    expect(await queue.drain()).toMatchObject({ remaining: 0, stopped: 'idle' })
    await starting
    expect((await queue.info()).worker.started).toBe(true)
    await queue.result((await queue.enqueue('work', 'b')).id)
  })

  it('ends at its deadline, gives back what runs, and charges nothing', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(
      createQueue({ ...given(), tasks, handlers: { work: () => new Promise<string>(() => undefined) } }),
    )
    const { id } = await queue.enqueue('work', 'a')
    const draining = queue.drain({ deadlineMs: 5_000 })
    await until(async () => (await queue.get(id))?.state === 'running')
    clock.advance(5_000)
    expect(await draining).toMatchObject({ completed: 0, failed: 0, remaining: 1, stopped: 'deadline' })
    expect(await queue.get(id)).toMatchObject({ state: 'pending', releases: 1, errors: 0 })
    await expect(queue.drain({ deadlineMs: Number.NaN })).rejects.toThrow(RangeError)
  })

  it('ends at its deadline also while it sends acknowledgements', async () => {
    const { given, keep, clock } = bench()
    const asked = gate()
    const fetch = (_: string, { signal }: RequestInit) =>
      new Promise<Response>((_, reject) => {
        asked.open()
        signal?.addEventListener('abort', () => reject(signal.reason))
      })
    const sync = { url: 'https://example.test/acks', fetch }
    const queue = keep(createQueue({ ...given({ sync }), tasks, handlers: { work: () => 'done' } }))
    await queue.enqueue('work', 'a')
    const draining = queue.drain({ deadlineMs: 5_000 })
    await asked.promise
    clock.advance(5_000)
    expect(await draining).toMatchObject({ completed: 1, stopped: 'deadline' })
  })

  it('rejects with the signal’s reason, and gives back what runs', async () => {
    const { given, keep } = bench()
    const queue = keep(
      createQueue({ ...given(), tasks, handlers: { work: () => new Promise<string>(() => undefined) } }),
    )
    const { id } = await queue.enqueue('work', 'a')
    const stop = new AbortController()
    const draining = queue.drain({ signal: stop.signal })
    await until(async () => (await queue.get(id))?.state === 'running')
    stop.abort(new Error('enough'))
    await expect(draining).rejects.toThrow('enough')
    await expect(queue.drain({ signal: stop.signal })).rejects.toThrow('enough')
    expect(await queue.get(id)).toMatchObject({ state: 'pending', releases: 1 })
  })

  it('ends offline when only the network is missing, and runs what needs none', async () => {
    const { given, keep } = bench()
    const queue = keep(
      createQueue({ ...given(), tasks, handlers: { work: () => 'done', local: () => 'done' } }),
    )
    await queue.enqueue('work', 'later', { delayMs: 60_000 })
    vi.stubGlobal('navigator', { onLine: false })
    expect((await queue.drain()).stopped).toBe('idle')
    const { id } = await queue.enqueue('work', 'a')
    await queue.enqueue('local', 'b')
    expect(await queue.drain()).toMatchObject({ completed: 1, remaining: 2, stopped: 'offline' })
    expect(await queue.why(id)).toEqual({ reason: 'offline' })
    vi.stubGlobal('navigator', { onLine: true })
    expect(await queue.drain()).toMatchObject({ completed: 1, stopped: 'idle' })
  })

  it('does not wait for a handler that ignored an earlier stop', async () => {
    const { given, keep } = bench()
    const queue = keep(
      createQueue({
        ...given(),
        tasks,
        handlers: {
          work: (text: string) => (text === 'hang' ? new Promise<string>(() => undefined) : 'done'),
        },
      }),
    )
    const { id } = await queue.enqueue('work', 'hang')
    await queue.start()
    await queue.stop({ graceMs: 0 })
    await queue.cancel(id)
    await queue.enqueue('work', 'a')
    expect(await queue.drain()).toMatchObject({ completed: 1, remaining: 0 })
  })

  it('runs what comes while it waits for the server, and sends that as well', async () => {
    const { given, keep } = bench()
    const [asked, answered] = [gate(), gate()]
    const receive = createReceiver({ store: memoryAcks(), authenticate: () => 'ada', onAck: () => undefined })
    const fetch = async (url: string, init: RequestInit) => {
      asked.open()
      await answered.promise
      return receive(new Request(url, init))
    }
    const sync = { url: 'https://example.test/acks', fetch }
    const queue = keep(createQueue({ ...given({ sync }), tasks, handlers: { work: () => 'done' } }))
    await queue.enqueue('work', 'a')
    const draining = queue.drain()
    await asked.promise
    const { id } = await queue.enqueue('work', 'b')
    await until(async () => (await queue.get(id))?.state === 'completed')
    answered.open()
    expect(await draining).toMatchObject({ completed: 2, remaining: 0, wakeAt: undefined })
    expect((await queue.info()).sync).toMatchObject({ unsent: 0 })
  })

  it('sends acknowledgements before it ends', async () => {
    const { given, keep } = bench()
    const acked: unknown[] = []
    const receive = createReceiver({
      store: memoryAcks(),
      authenticate: () => 'ada',
      onAck: (ack) => void acked.push([ack.type, ack.data.kind]),
    })
    const fetch = (url: string, init: RequestInit) => receive(new Request(url, init))
    const sync = { url: 'https://example.test/acks', fetch }
    const queue = keep(createQueue({ ...given({ sync }), tasks, handlers: { work: () => 'done' } }))
    const { id } = await queue.enqueue('work', 'a')
    const heard: unknown[] = []
    queue.on('acked', (event) => heard.push(event))
    await queue.drain()
    expect(acked).toEqual([['completed', 'work']])
    expect(heard).toEqual([{ id, sequence: 1 }])
    expect(await queue.get(id)).toMatchObject({ ack: 'acked' })
    expect((await queue.info()).sync).toMatchObject({ state: 'idle', unsent: 0 })
    await turns()
  })
})
