import { describe, expect, it } from 'vitest'
import {
  createQueue,
  defineTasks,
  memoryStore,
  type Queue,
  type StoreFactory,
  task,
} from '../../../src/index.ts'
import type { CommonOptions } from '../../../src/queue/options.ts'
import { bench, turns, until } from './bench.ts'

const tasks = defineTasks({ work: task<string, string>(), other: task<string, string>({ maxRunning: 1 }) })

/** When a queue says that something can happen next: the last it told. */
function follow(queue: Pick<Queue, 'on'>): () => number | undefined | 'nothing' {
  let last: number | undefined | 'nothing' = 'nothing'
  queue.on('due', ({ at }) => {
    last = at
  })
  return () => last
}

function setUp(more: Partial<CommonOptions> = {}, handlers = { work: (): string => 'done' }) {
  const tools = bench(more.store)
  const queue = tools.keep(createQueue({ ...tools.given(more), tasks, handlers }))
  return { ...tools, queue, due: follow(queue) }
}

/** As a Durable Object has it: whoever had it open before is gone. */
function exclusive(store: StoreFactory): StoreFactory {
  return (name) => ({ ...store(name), exclusive: true })
}

describe('the event due', () => {
  it('says now for a job that waits for a drain, before its enqueue resolves', async () => {
    const { queue, due, clock } = setUp()
    expect(due()).toBe('nothing')
    await queue.enqueue('work', 'a')
    expect(due()).toBe(clock.now())
    const { wakeAt } = await queue.drain()
    expect(wakeAt).toBe(undefined)
    expect(due()).toBe(undefined)
  })

  it('says when a delayed job is due, and when one expires', async () => {
    const { queue, due, clock } = setUp()
    await queue.enqueue('work', 'a', { delayMs: 60_000 })
    expect(due()).toBe(clock.now() + 60_000)
    await queue.enqueue('other', 'b', { expiresInMs: 5_000 })
    expect(due()).toBe(clock.now() + 5_000)
    expect(await queue.drain()).toMatchObject({ wakeAt: clock.now() + 5_000 })
  })

  it('says nothing of a kind that has no handler here, is held until resume, or paused', async () => {
    const { queue, due, clock } = setUp()
    await queue.enqueue('other', 'a')
    expect(due()).toBe(undefined)
    await queue.pause()
    await queue.enqueue('work', 'a')
    expect(due()).toBe(undefined)
    await queue.resume()
    expect(due()).toBe(clock.now())
  })

  it('says what stands to whoever listens later', async () => {
    const { queue, clock } = setUp()
    await queue.enqueue('work', 'a', { delayMs: 1_000 })
    expect(follow(queue)()).toBe(clock.now() + 1_000)
  })

  it('leaves what runs here to the worker', async () => {
    const { queue, due } = setUp({}, { work: () => new Promise<never>(() => undefined) as never })
    const { id } = await queue.enqueue('work', 'a')
    await queue.start()
    await until(async () => (await queue.get(id))?.state === 'running')
    expect(due()).toBe(undefined)
  })

  it('says when jobs of another holder may be taken back', async () => {
    const store = memoryStore()
    const { given, keep } = bench(store)
    const handlers = { work: () => new Promise<never>(() => undefined) as never }
    const holder = keep(createQueue({ ...given({ worker: { leaseMs: 10_000 } }), tasks, handlers }))
    const { queue, due, clock } = setUp({ store })
    const { id } = await holder.enqueue('work', 'a')
    await holder.start()
    await until(async () => (await queue.get(id))?.state === 'running')
    expect(due()).toBe(clock.now() + 10_000)
    await holder.leave()
    await until(() => due() === clock.now())
  })

  it('says now for what was held when an exclusive store was opened', async () => {
    const store = memoryStore()
    const { given, keep } = bench(store)
    const handlers = { work: () => new Promise<never>(() => undefined) as never }
    const evicted = keep(createQueue({ ...given(), tasks, handlers }))
    await evicted.enqueue('work', 'a')
    await evicted.start()
    const { queue, due, clock } = setUp({ store: exclusive(store) })
    await queue.info()
    expect(due()).toBe(clock.now())
    expect(await queue.drain()).toMatchObject({ completed: 1, wakeAt: undefined })
  })

  it('counts what an exclusive store loses as interrupted, unless told otherwise', async () => {
    const causes: string[] = []
    for (const worker of [{}, { interruptible: false }]) {
      const store = exclusive(memoryStore())
      const { given, keep } = bench(store)
      const handlers = { work: () => new Promise<never>(() => undefined) as never }
      const evicted = keep(createQueue({ ...given({ worker }), tasks, handlers }))
      await evicted.enqueue('work', 'a')
      await evicted.start()
      const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
      queue.on('reclaimed', ({ cause }) => causes.push(cause))
      await queue.drain()
    }
    expect(causes).toEqual(['interrupted', 'crash'])
  })
})

describe('acknowledgements', () => {
  const url = 'https://example.test/acks'

  it('that cannot be sent make the next try due, also while the queue holds no timer', async () => {
    const fetch = async () => new Response(null, { status: 503, headers: { 'retry-after': '60' } })
    const { queue, due, clock } = setUp({ sync: { url, fetch } })
    await queue.enqueue('work', 'a')
    expect(await queue.drain()).toMatchObject({ completed: 1, wakeAt: clock.now() + 60_000 })
    await queue.leave()
    expect(clock.timers).toBe(0)
    await queue.enqueue('work', 'b', { delayMs: 90_000 })
    expect(due()).toBe(clock.now() + 60_000)
    // The server asked for time: a drain that comes early does not cut it short.
    expect(await queue.drain()).toMatchObject({ wakeAt: clock.now() + 60_000 })
  })

  it('that wait for somebody to sign in are not due', async () => {
    const answers = [401, 401]
    const fetch = async () => new Response(null, { status: answers.shift() ?? 503 })
    const { queue, due, clock } = setUp({ sync: { url, fetch, headers: () => ({}) } })
    await queue.enqueue('work', 'a')
    expect(await queue.drain()).toMatchObject({ completed: 1, wakeAt: undefined })
    await queue.resume()
    await turns()
    await queue.enqueue('work', 'b', { delayMs: 1e9 })
    expect(due()).toBeLessThan(clock.now() + 1e9)
  })

  it('go on as planned in a drain after the context had left', async () => {
    const asked: number[] = []
    const { queue, clock } = setUp({
      random: () => 1,
      sync: {
        url,
        fetch: async () => {
          asked.push(clock.now())
          return new Response(null, { status: asked.length < 2 ? 500 : 503 })
        },
      },
    })
    await queue.enqueue('work', 'a')
    const { wakeAt } = await queue.drain()
    expect(wakeAt).toBe(clock.now() + 1_000)
    await queue.leave()
    clock.advance(1_000)
    await queue.drain()
    expect(asked.length).toBe(2)
  })

  it('that an evicted object was sending are not waited for', async () => {
    const store = exclusive(memoryStore())
    const { given, keep } = bench(store)
    const hanging = { url, fetch: () => new Promise<never>(() => undefined) }
    const evicted = keep(
      createQueue({ ...given({ sync: hanging }), tasks, handlers: { work: () => 'done' } }),
    )
    const { id } = await evicted.enqueue('work', 'a')
    await evicted.start()
    await evicted.result(id)
    evicted.flush().catch(() => undefined)
    await turns()
    const asked: string[] = []
    const fetch = async (to: string) => {
      asked.push(to)
      return new Response(null, { status: 503 })
    }
    const { queue } = setUp({ store, sync: { url, fetch } })
    await queue.drain()
    expect(asked).not.toEqual([])
  })
})
