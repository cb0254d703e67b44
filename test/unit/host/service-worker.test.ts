import { describe, expect, it } from 'vitest'
import { defineTasks, FatalError, RetryError, task } from '../../../src/index.ts'
import { attach, type AttachOptions } from '../../../src/host/service-worker/index.ts'
import { assertOk } from '../../../src/http/index.ts'
import type { CommonOptions } from '../../../src/queue/options.ts'
import { createQueue } from '../../../src/queue/queue.ts'
import { bench, gate, passing, turns, until } from '../queue/bench.ts'
import { fakeSync, fakeWorker } from './scopes.ts'

const tasks = defineTasks({ send: task<string, unknown>({ retry: { maxAttempts: 3 } }), other: task() })

interface Setup {
  readonly more?: Partial<CommonOptions>
  readonly attach?: AttachOptions
  readonly send?: (to: string) => unknown
  readonly hasSync?: boolean
}

/** A worker's queue, attached, and a page's, which only enqueues. */
function setUp({ more = {}, attach: given = {}, send = () => 'sent', hasSync = true }: Setup = {}) {
  const tools = bench()
  const sync = fakeSync()
  const worker = fakeWorker(hasSync ? sync.manager : undefined)
  const queue = tools.keep(createQueue({ ...tools.given(more), tasks, handlers: { send } }))
  const host = attach(queue, { clock: tools.clock, scope: worker.scope, ...given })
  const page = tools.keep(createQueue({ ...tools.given(), tasks }))
  return { ...tools, sync, worker, queue, host, page }
}

/** Fires, and lets time pass until the event's promise is settled. */
async function fired(
  { worker, clock }: Pick<ReturnType<typeof setUp>, 'worker' | 'clock'>,
  ...event: Parameters<ReturnType<typeof fakeWorker>['fire']>
): Promise<PromiseSettledResult<unknown>['status'] | 'not waited for'> {
  const waits = worker.fire(...event)
  const settled = Promise.allSettled(waits)
  let status: PromiseSettledResult<unknown>['status'] | 'not waited for' | undefined
  void settled.then(([first]) => {
    status = first?.status ?? 'not waited for'
  })
  for (let second = 0; status === undefined && second < 600; second++) await passing(clock, 1_000)
  return status ?? 'not waited for'
}

describe('a sync', () => {
  it('drains, and resolves once nothing is left', async () => {
    const tools = setUp()
    const { id } = await tools.page.enqueue('send', 'ada')
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('fulfilled')
    expect(await tools.queue.result(id)).toBe('sent')
  })

  it('of another tag is another’s', async () => {
    const tools = setUp({ attach: { tag: 'post' } })
    await tools.page.enqueue('send', 'ada')
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('not waited for')
    expect(await fired(tools, 'sync', { tag: 'post' })).toBe('fulfilled')
  })

  it('rejects while a job backs off for long, and resolves once it is dead', async () => {
    const tools = setUp({
      send: () => {
        throw new RetryError('busy', { afterMs: 40_000 })
      },
    })
    await tools.page.enqueue('send', 'ada')
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('rejected')
    await passing(tools.clock, 60_000)
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('rejected')
    await passing(tools.clock, 60_000)
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('fulfilled')
    expect((await tools.queue.info()).counts.dead).toBe(1)
  })

  it('rejects while a job is held', async () => {
    const tools = setUp({ send: () => assertOk(new Response(null, { status: 503 })) })
    await tools.page.enqueue('send', 'ada')
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('rejected')
  })

  it('waits for a hold that ends within half a minute, and not for one that ends later', async () => {
    const answers = [20, 40].map((seconds) => ({
      status: 503,
      headers: { 'Retry-After': String(seconds) },
    }))
    const tools = setUp({ send: () => assertOk(new Response('sent', answers.shift())) })
    await tools.page.enqueue('send', 'ada')
    const before = tools.clock.now()
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('rejected')
    expect(tools.clock.now() - before).toBeGreaterThanOrEqual(20_000)
    expect(answers).toEqual([])
    expect((await tools.queue.info()).counts.pending).toBe(1)
    await passing(tools.clock, 15_000)
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('fulfilled')
    expect((await tools.queue.info()).counts.completed).toBe(1)
  })

  it('waits no longer than until its deadline', async () => {
    const retryAfter = { status: 503, headers: { 'Retry-After': '20' } }
    const tools = setUp({
      send: () => assertOk(new Response(null, retryAfter)),
      attach: { deadlineMs: 50_000 },
    })
    await tools.page.enqueue('send', 'ada')
    const before = tools.clock.now()
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('rejected')
    expect(tools.clock.now() - before).toBeGreaterThanOrEqual(40_000)
    expect(tools.clock.now() - before).toBeLessThan(50_000)
  })

  it('drains no more once the queue is detached, whatever it waits for', async () => {
    let calls = 0
    const tools = setUp({
      send: () => {
        calls += 1
        return assertOk(new Response(null, { status: 503, headers: { 'Retry-After': '20' } }))
      },
    })
    await tools.page.enqueue('send', 'ada')
    const [event] = tools.worker.fire('sync', { tag: 'mail' })
    const rejected = expect(event).rejects.toThrow('something is left')
    await until(() => calls === 1)
    await turns()
    tools.host.detach()
    await passing(tools.clock, 60_000)
    await rejected
    expect(calls).toBe(1)
  })

  it('rejects while an acknowledgement is unsent', async () => {
    const fetch = async (): Promise<Response> => new Response(null, { status: 500 })
    const tools = setUp({ more: { sync: { url: 'https://api/acks', fetch } } })
    await tools.page.enqueue('send', 'ada')
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('rejected')
    expect((await tools.queue.info()).counts.completed).toBe(1)
  })

  it('resolves although jobs are delayed, paused, or of kinds that this worker does not run', async () => {
    const tools = setUp()
    await tools.page.enqueue('send', 'ada', { delayMs: 3_600_000 })
    await tools.page.enqueue('other')
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('fulfilled')
    await tools.page.enqueue('send', 'ada')
    await tools.page.pause()
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('fulfilled')
    expect((await tools.queue.info()).owed).toEqual({ here: false, elsewhere: false })
  })

  it('rejects with what the drain is rejected with, and tells of it', async () => {
    const errors: unknown[] = []
    const tools = setUp({ attach: { onError: (error) => errors.push(error) } })
    const broken = new FatalError('no store')
    tools.queue.drain = () => Promise.reject(broken)
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('rejected')
    expect(errors).toEqual([broken])
    await expect(tools.host.drain()).rejects.toThrow('no store')
  })

  it('gives back what runs at the deadline, and rejects', async () => {
    const { promise, open } = gate<string>()
    const tools = setUp({ send: () => promise, attach: { deadlineMs: 10_000 } })
    await tools.page.enqueue('send', 'ada')
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('rejected')
    expect((await tools.queue.list()).jobs).toMatchObject([{ state: 'pending', errors: 0, releases: 1 }])
    open('late')
    await turns()
    expect((await tools.queue.list()).jobs).toMatchObject([{ state: 'pending' }])
  })

  it('that comes while another event drains goes on after it, within its own deadline', async () => {
    const gates = [gate<string>(), gate<string>()]
    let runs = 0
    const tools = setUp({ send: () => gates[runs++]?.promise, attach: { deadlineMs: 10_000 } })
    await tools.page.enqueue('send', 'ada')
    const [first] = tools.worker.fire('message', {
      data: { type: 'holdfast:drain', queue: 'mail', owner: '' },
    })
    await until(() => runs === 1)
    await passing(tools.clock, 5_000)
    const [second] = tools.worker.fire('sync', { tag: 'mail' })
    await passing(tools.clock, 6_000)
    // The first is over, and gave the job back: the sync took it up.
    await until(() => runs === 2)
    await first
    gates[1]?.open('sent')
    await second
    expect((await tools.queue.info()).counts.completed).toBe(1)
  })
})

const busy = { status: 503, headers: { 'Retry-After': '120' } }

/** A worker that has looked at its queue before, and then fails its last sync: the job is held for two minutes. */
async function afterLastSync({ lastChance = true, ...more }: Setup & { readonly lastChance?: boolean } = {}) {
  const tools = setUp({ send: () => assertOk(new Response(null, busy)), ...more })
  expect(await fired(tools, 'fetch')).toBe('fulfilled')
  await tools.page.enqueue('send', 'ada')
  await turns()
  expect(await fired(tools, 'sync', { tag: 'mail', lastChance })).toBe('rejected')
  return tools
}

describe('another event', () => {
  it.each(['fetch', 'message'] as const)('%s drains what is due, and never fails', async (type) => {
    const tools = setUp()
    const { id } = await tools.page.enqueue('send', 'ada')
    expect(await fired(tools, type)).toBe('fulfilled')
    expect(await tools.queue.result(id)).toBe('sent')
    tools.queue.drain = () => Promise.reject(new Error('no store'))
    await tools.queue.enqueue('send', 'grace')
    expect(await fired(tools, type)).toBe('fulfilled')
  })

  it('activate drains, too, but does not keep the worker from its events', async () => {
    const tools = setUp()
    const { id } = await tools.page.enqueue('send', 'ada')
    expect(await fired(tools, 'activate')).toBe('not waited for')
    expect(await tools.queue.result(id)).toBe('sent')
  })

  it('fetch is left alone while nothing is due, but for the first', async () => {
    const tools = setUp()
    let reads = 0
    const { info } = tools.queue
    tools.queue.info = () => {
      reads++
      return info()
    }
    expect(await fired(tools, 'fetch')).toBe('fulfilled')
    const before = reads
    for (let request = 0; request < 50; request++) expect(tools.worker.fire('fetch')).toEqual([])
    expect(reads).toBe(before)
    await tools.page.enqueue('send', 'ada', { delayMs: 60_000 })
    await turns()
    expect(tools.worker.fire('fetch')).toEqual([])
    await passing(tools.clock, 60_000)
    expect(await fired(tools, 'fetch')).toBe('fulfilled')
    expect((await tools.queue.info()).counts.completed).toBe(1)
  })

  it('fetch looks again where the queue could not be read', async () => {
    const errors: unknown[] = []
    const tools = setUp({ attach: { onError: (error) => errors.push(error) } })
    const { info } = tools.queue
    tools.queue.info = () => Promise.reject(new Error('no store'))
    expect(await fired(tools, 'fetch')).toBe('fulfilled')
    expect(errors).toHaveLength(1)
    tools.queue.info = info
    await tools.page.enqueue('send', 'ada')
    expect(await fired(tools, 'fetch')).toBe('fulfilled')
    expect((await tools.queue.info()).counts.completed).toBe(1)
  })

  it('fetch lets the page’s own requests go first', async () => {
    const tools = setUp()
    await tools.page.enqueue('send', 'ada')
    const [wait] = tools.worker.fire('fetch')
    await turns()
    expect((await tools.queue.info()).counts.completed).toBe(0)
    await passing(tools.clock, 1_000)
    await wait
    expect((await tools.queue.info()).counts.completed).toBe(1)
  })

  it('takes up what a stopped worker had in hand', async () => {
    const tools = setUp()
    const gone = tools.keep(
      createQueue({
        ...tools.given(),
        tasks,
        worker: { interruptible: true, leaseMs: 30_000 },
        handlers: { send: () => new Promise(() => undefined) },
      }),
    )
    const { id } = await gone.enqueue('send', 'ada')
    await gone.start()
    await gone.leave()
    expect(await fired(tools, 'message')).toBe('fulfilled')
    expect(await tools.queue.result(id)).toBe('sent')
  })

  const ask = { type: 'holdfast:drain', queue: 'mail', owner: '' }
  it.each([
    { name: 'a fetch', type: 'fetch', event: {} },
    { name: 'a message', type: 'message', event: {} },
    { name: 'a page that asks for a drain', type: 'message', event: { data: ask } },
    { name: 'a periodicsync', type: 'periodicsync', event: { tag: 'mail' } },
  ] as const)('$name registers anew what is left after the last sync', async ({ type, event }) => {
    const tools = await afterLastSync()
    tools.sync.tags.clear()
    await passing(tools.clock, 600_000)
    expect(await fired(tools, type, event)).toBe('fulfilled')
    expect([...tools.sync.tags]).toEqual(['mail'])
    expect(tools.host.sync).toEqual({ state: 'registered' })
    const { length } = tools.sync.registered
    await passing(tools.clock, 600_000)
    expect(await fired(tools, 'periodicsync', { tag: 'mail' })).toBe('fulfilled')
    expect(tools.sync.registered).toHaveLength(length)
  })

  it.each(['fetch', 'message'] as const)(
    '%s does so once, at once, though the worker has looked before and nothing is due yet',
    async (type) => {
      const tools = await afterLastSync()
      // The browser is still busy ending it.
      expect([...tools.sync.tags]).toEqual(['mail'])
      await passing(tools.clock, 1_000)
      const { length } = tools.sync.registered
      expect(await fired(tools, type)).toBe('fulfilled')
      expect(tools.sync.registered).toHaveLength(length + 1)
      expect(tools.worker.fire(type)).toEqual([])
      expect((await tools.queue.info()).counts).toMatchObject({ pending: 1, completed: 0 })
    },
  )

  it('fetch does so again where it was refused, or the queue could not be read', async () => {
    const tools = await afterLastSync({ attach: { onError: () => undefined } })
    tools.sync.tags.clear()
    tools.sync.refuses = true
    expect(await fired(tools, 'fetch')).toBe('fulfilled')
    tools.sync.refuses = false
    const { info } = tools.queue
    tools.queue.info = () => Promise.reject(new Error('no store'))
    expect(await fired(tools, 'fetch')).toBe('fulfilled')
    tools.queue.info = info
    expect(await fired(tools, 'fetch')).toBe('fulfilled')
    expect([...tools.sync.tags]).toEqual(['mail'])
    expect(tools.worker.fire('fetch')).toEqual([])
  })

  it('fetch leaves it to the browser, which tries again after any other sync', async () => {
    const tools = await afterLastSync({ lastChance: false })
    const { length } = tools.sync.registered
    expect(await fired(tools, 'fetch')).toBe('fulfilled')
    expect(tools.sync.registered).toHaveLength(length)
    expect(tools.worker.fire('fetch')).toEqual([])
  })

  it('fetch is left alone after a sync that left nothing, whatever became of the one before', async () => {
    const answers = [busy]
    const tools = await afterLastSync({ send: () => assertOk(new Response('sent', answers.shift())) })
    await passing(tools.clock, 120_000)
    expect(await fired(tools, 'sync', { tag: 'mail' })).toBe('fulfilled')
    expect(tools.worker.fire('fetch')).toEqual([])
  })

  it('periodicsync of another tag is another’s', async () => {
    const tools = setUp()
    expect(await fired(tools, 'periodicsync', { tag: 'news' })).toBe('not waited for')
    await tools.page.enqueue('send', 'ada')
    expect(await fired(tools, 'periodicsync', { tag: 'mail' })).toBe('fulfilled')
    expect((await tools.queue.info()).counts.completed).toBe(1)
  })
})

describe('a message that asks for a drain', () => {
  const ask = (owner = '') => ({ type: 'holdfast:drain', queue: 'mail', owner })

  it('is answered at once, and again with what came of it', async () => {
    const tools = setUp()
    await tools.page.enqueue('send', 'ada')
    const answers: unknown[] = []
    const ports = [{ postMessage: (answer: unknown) => answers.push(answer) }]
    const [wait] = tools.worker.fire('message', { data: ask(), ports })
    expect(answers).toEqual([{ type: 'holdfast:draining', deadlineMs: 150_000 }])
    await wait
    expect(answers[1]).toMatchObject({ type: 'holdfast:drained', result: { completed: 1, remaining: 0 } })
    tools.queue.drain = () => Promise.reject(new Error('no store'))
    await Promise.all(tools.worker.fire('message', { data: ask(), ports }))
    expect(answers[3]).toEqual({ type: 'holdfast:failed', message: 'Error: no store' })
  })

  it('of another owner is not answered', async () => {
    const tools = setUp()
    const answers: unknown[] = []
    const ports = [{ postMessage: (answer: unknown) => answers.push(answer) }]
    await fired(tools, 'message', { data: ask('ada'), ports })
    expect(answers).toEqual([])
  })
})

describe('a service worker', () => {
  it('registers a sync for what is enqueued while nothing drains, unless that is only delayed', async () => {
    const tools = setUp()
    await tools.queue.enqueue('send', 'ada', { delayMs: 60_000 })
    await turns()
    expect(tools.sync.registered).toEqual([])
    await tools.queue.enqueue('send', 'ada')
    await until(() => tools.sync.registered.length === 1)
    expect(tools.sync.registered).toEqual(['mail'])
  })

  it('registers a sync for what is enqueued while one drains, which may be the last', async () => {
    const { promise, open } = gate<string>()
    const tools = setUp({ send: () => promise })
    const { id } = await tools.page.enqueue('send', 'ada')
    const [event] = tools.worker.fire('sync', { tag: 'mail' })
    await until(async () => (await tools.queue.get(id))?.state === 'running')
    await turns()
    const { length } = tools.sync.registered
    await tools.queue.enqueue('send', 'grace')
    await until(() => tools.sync.registered.length === length + 1)
    open('sent')
    await event
    const { promise: later, open: end } = gate<string>()
    const drain = tools.queue.drain.bind(tools.queue)
    tools.queue.drain = () => later.then(() => drain())
    const drained = tools.host.drain()
    await tools.queue.enqueue('send', 'mary')
    await turns()
    expect(tools.sync.registered).toHaveLength(length + 1)
    end('')
    await drained
  })

  it('registers a sync for what its own drain leaves: at the deadline, or because it failed', async () => {
    const { promise, open } = gate<string>()
    const tools = setUp({ send: () => promise, attach: { deadlineMs: 10_000 } })
    await tools.page.enqueue('send', 'ada')
    const drained = tools.host.drain()
    await passing(tools.clock, 11_000)
    expect(await drained).toMatchObject({ completed: 0, remaining: 1, stopped: 'deadline' })
    expect(tools.sync.registered).toEqual(['mail'])
    tools.sync.tags.clear()
    tools.queue.drain = () => Promise.reject(new Error('no store'))
    await expect(tools.host.drain()).rejects.toThrow('no store')
    expect(tools.sync.registered).toEqual(['mail', 'mail'])
    open('late')
  })

  it('registers a sync for what is enqueued while its own drain ends, and none where nothing is left', async () => {
    const { promise, open } = gate<string>()
    const tools = setUp({ send: (to) => to === 'ada' && promise, attach: { deadlineMs: 10_000 } })
    await tools.page.enqueue('send', 'grace')
    expect(await tools.host.drain()).toMatchObject({ completed: 1, remaining: 0 })
    expect(tools.sync.registered).toEqual([])
    const drained = tools.host.drain()
    await tools.queue.enqueue('send', 'ada')
    await passing(tools.clock, 11_000)
    await drained
    expect(tools.sync.registered).toEqual(['mail'])
    open('late')
  })

  it('says what its own drain is rejected with, although it cannot tell what is left', async () => {
    const errors: unknown[] = []
    const tools = setUp({ attach: { onError: (error) => errors.push(error) } })
    const [broken, unread] = [new Error('no store'), new Error('not read')]
    tools.queue.drain = () => Promise.reject(broken)
    tools.queue.info = () => Promise.reject(unread)
    await expect(tools.host.drain()).rejects.toThrow('no store')
    expect(errors).toEqual([broken, unread])
  })

  it('says that a sync is refused, or that there are none, and goes on without', async () => {
    const refused = setUp()
    refused.sync.refuses = true
    await refused.queue.enqueue('send', 'ada')
    await until(() => refused.host.sync.state === 'refused')
    expect(refused.host.sync).toMatchObject({ error: { name: 'NotAllowedError' } })
    const absent = setUp({ hasSync: false })
    await absent.queue.enqueue('send', 'ada')
    await until(() => absent.host.sync.state === 'absent')
    for (const tools of [refused, absent]) {
      expect(await fired(tools, 'fetch')).toBe('fulfilled')
      expect((await tools.queue.info()).counts.completed).toBe(1)
    }
  })

  it('listens from the very call of attach, and no more once it is detached or its queue is closed', async () => {
    const tools = setUp()
    expect(tools.worker.listening()).toBe(5)
    tools.host.detach()
    expect(tools.worker.listening()).toBe(0)
    const again = attach(tools.queue, { clock: tools.clock, scope: tools.worker.scope, wakeOnFetch: false })
    expect(tools.worker.listening()).toBe(4)
    attach(tools.queue, { clock: tools.clock, scope: tools.worker.scope })
    expect(tools.worker.listening()).toBe(5)
    again.detach()
    expect(tools.worker.listening()).toBe(5)
    await tools.queue.info()
    await tools.queue.close()
    expect(tools.worker.listening()).toBe(0)
  })

  it('refuses options that make no sense', () => {
    const { queue } = setUp()
    const given = (options: object) => () => attach(queue, options)
    expect(given({ tags: 'mail' })).toThrow(TypeError)
    expect(given({ tag: 7 })).toThrow('options.tag')
    expect(given({ deadlineMs: 0 })).toThrow(RangeError)
  })
})
