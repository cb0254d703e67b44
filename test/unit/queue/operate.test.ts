import { describe, expect, it } from 'vitest'
import {
  createQueue,
  defineTasks,
  FatalError,
  indexedDbStore,
  type JobFilter,
  memoryStore,
  type QueueError,
  type TaskOptions,
  task,
} from '../../../src/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, gate, record, turns, until, untilLater } from './bench.ts'

const tasks = defineTasks({
  work: task<unknown, string>({ retry: { maxAttempts: 1 } }),
  other: task<unknown, string>(),
})
const failing = {
  work: (): string => {
    throw new Error('no')
  },
}

describe('list, get and payload', () => {
  it('page through the jobs in the order of their enqueueing, by state, kind and key', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), tasks }))
    const items = [1, 2, 3, 4, 5].map((payload) => ({
      kind: payload % 2 ? ('work' as const) : ('other' as const),
      payload,
      key: payload > 3 ? 'late' : 'early',
      delayMs: payload === 5 ? 1_000 : 0,
    }))
    const ids = (await queue.enqueueAll(items)).map(({ id }) => id)
    const first = await queue.list({ limit: 2 })
    expect(first.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    const second = await queue.list({ limit: 2, after: String(first.next) })
    const third = await queue.list({ limit: 2, after: String(second.next) })
    expect([...second.jobs, ...third.jobs].map(({ id }) => id)).toEqual(ids.slice(2))
    expect(third.next).toBeUndefined()
    const counts = await Promise.all([
      queue.list({ kind: 'other' }),
      queue.list({ key: 'late' }),
      queue.list({ state: 'scheduled' }),
      queue.list({ state: 'running' }),
    ])
    expect(counts.map(({ jobs }) => jobs.length)).toEqual([2, 2, 1, 0])
    await expect(queue.list({ limit: 0 })).rejects.toThrow(RangeError)
    await expect(queue.list({ limit: Number.NaN })).rejects.toThrow(RangeError)
    await expect(queue.list({ state: 'done' as 'dead' })).rejects.toThrow(/state.*done/)
    await expect(queue.list({ state: ['dead', 'done' as 'dead'] })).rejects.toThrow(/state\[1\].*done/)
    await expect(queue.list({ after: 'x' })).rejects.toThrow(/after is "x"/)
    await expect(queue.payload('nobody')).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('pause and resume', () => {
  it('stop all claiming of the owner in every context, over a restart, until resumed', async () => {
    const { given, keep } = bench()
    const handlers = { work: () => 'done' }
    const [one, other] = [
      keep(createQueue({ ...given(), tasks, handlers })),
      keep(createQueue({ ...given(), tasks, handlers })),
    ]
    await one.pause()
    await other.start()
    const { id } = await other.enqueue('work', 'a')
    await turns()
    expect(await other.why(id)).toEqual({ reason: 'paused' })
    expect((await other.info()).paused).toBe(true)
    expect(await one.drain()).toMatchObject({ completed: 0, remaining: 1, stopped: 'idle' })
    await one.resume()
    await one.drain()
    expect(await one.result(id)).toBe('done')
  })
})

describe('redrive', () => {
  it('sends dead and cancelled jobs back, by id or by filter, with their history', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), tasks, handlers: failing }))
    const dead = await queue.enqueue('work', 'a')
    const cancelled = await queue.enqueue('other', 'b', { key: 'k' })
    await queue.cancel(cancelled.id)
    await queue.drain()
    expect(await queue.redrive(dead.id)).toBe(1)
    expect(await queue.get(dead.id)).toMatchObject({
      state: 'pending',
      errors: 0,
      failures: [{ message: 'no' }],
    })
    expect(await queue.redrive({ kind: 'other', state: 'cancelled' })).toBe(1)
    expect(await queue.redrive({})).toBe(0)
    await queue.drain()
    expect(await queue.redrive({ kind: 'work' })).toBe(1)
    await expect(queue.redrive(cancelled.id)).rejects.toMatchObject({ code: 'wrong-state' })
    await expect(queue.redrive('nobody')).rejects.toMatchObject({ code: 'not-found' })
    await expect(queue.redrive({ state: 'done' as 'dead' })).rejects.toThrow(TypeError)
  })

  it('takes what is given as undefined for what is not given, as lists do', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), tasks, handlers: failing }))
    const { id } = await queue.enqueue('work', 'a')
    await queue.cancel(id)
    const absent = { state: undefined, limit: undefined } as unknown as JobFilter
    expect(await queue.redrive({ ...absent, kind: 'work' })).toBe(0)
    await queue.enqueueAll(Array.from({ length: 100 }, () => ({ kind: 'work' as const, payload: 'b' })))
    expect((await queue.list(absent)).jobs).toHaveLength(100)
    const view = queue.view(absent)
    const end = view.subscribe(() => undefined)
    await until(() => view.getSnapshot().length > 0)
    expect(view.getSnapshot()).toHaveLength(100)
    end()
  })
})

describe('edit', () => {
  it('gives a job another payload, and with it another idempotency key', async () => {
    const { given, keep } = bench()
    const keys: string[] = []
    const work = (payload: unknown, job: { idempotencyKey: string }) => {
      keys.push(job.idempotencyKey)
      if (payload === 'bad') throw new FatalError('bad')
      return 'good'
    }
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    const { id } = await queue.enqueue('work', 'bad')
    await queue.drain()
    await queue.edit(id, new Date(0))
    expect(await queue.payload(id)).toEqual(new Date(0))
    await queue.edit(id, 'fine')
    expect(await queue.get(id)).toMatchObject({ revision: 3, payloadBytes: 0, state: 'dead' })
    await queue.redrive(id)
    await queue.drain()
    expect(await queue.result(id)).toBe('good')
    expect(new Set(keys).size).toBe(2)
    await expect(queue.edit(id, 1)).rejects.toMatchObject({ code: 'wrong-state' })
    await expect(queue.edit('nobody', 1)).rejects.toMatchObject({ code: 'not-found' })
    const { id: next } = await queue.enqueue('work', 'x')
    await expect(queue.edit(next, () => 1)).rejects.toMatchObject({ code: 'payload-not-storable' })
  })

  it('keeps the version of a kind that this context does not know', async () => {
    const { given, keep } = bench()
    const newer = defineTasks({ fresh: task<{ n: number }>({ version: 2, migrate: () => 'migrated' }) })
    const seen: unknown[] = []
    const queue = keep(
      createQueue({
        ...given(),
        tasks: newer,
        handlers: { fresh: (payload: unknown) => void seen.push(payload) },
      }),
    )
    const operator = keep(createQueue({ ...given(), tasks }))
    const { id } = await queue.enqueue('fresh', { n: 1 })
    await operator.edit(id, { n: 2 })
    await queue.drain()
    expect(seen).toEqual([{ n: 2 }])
  })
})

describe('remove', () => {
  it('takes a job out that nobody runs', async () => {
    const { given, keep } = bench()
    const held = gate<string>()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => held.promise } }))
    const [running, waiting] = [
      await queue.enqueue('work', 1),
      await queue.enqueue('work', 2, { delayMs: 1_000 }),
    ]
    await queue.start()
    await queue.remove(waiting.id)
    expect(await queue.get(waiting.id)).toBeUndefined()
    await expect(queue.remove(running.id)).rejects.toMatchObject({ code: 'wrong-state' })
    await expect(queue.remove(waiting.id)).rejects.toMatchObject({ code: 'not-found' })
    held.open('done')
    await queue.result(running.id)
    await queue.remove(running.id)
    expect((await queue.list()).jobs).toEqual([])
  })
})

describe('destroy', () => {
  it('refuses while jobs are unfinished, and leaves what runs alone', async () => {
    const { given, keep } = bench()
    const held = gate<string>()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => held.promise } }))
    const { id } = await queue.enqueue('work', 1)
    await queue.start()
    await expect(queue.destroy()).rejects.toMatchObject({ code: 'unsent' })
    expect((await queue.info()).worker).toMatchObject({ started: true, running: 1, stuck: 0 })
    held.open('done')
    expect(await queue.result(id)).toBe('done')
    await queue.destroy()
    await expect(queue.info()).rejects.toMatchObject({ code: 'closed' })
  })

  it('refuses while acknowledgements are unsent', async () => {
    const { given, keep } = bench()
    const sync = {
      url: 'https://example.test/acks',
      fetch: () => Promise.reject(new TypeError('no network')),
    }
    const queue = keep(createQueue({ ...given({ sync }), tasks, handlers: { work: () => 'done' } }))
    const { id } = await queue.enqueue('work', 1)
    await queue.start()
    await queue.result(id)
    await expect(queue.destroy()).rejects.toThrow(/1 acknowledgements unsent/)
    await queue.destroy({ force: true })
    const again = keep(createQueue({ ...given(), tasks }))
    expect((await again.info()).counts.completed).toBe(0)
  })

  it('with force erases the whole queue for the default owner, payloads included', async () => {
    const store = memoryStore()
    const { given, keep, clock } = bench(store)
    const queue = keep(
      createQueue({ ...given(), tasks, handlers: { work: () => new Promise<string>(() => undefined) } }),
    )
    const ada = keep(createQueue({ ...given({ owner: 'ada' }), tasks }))
    const heard = record(ada, 'store')
    const { id } = await queue.enqueue('work', new Uint8Array(10))
    const theirs = await ada.enqueue('work', 1)
    await queue.start()
    await queue.destroy({ force: true })
    const again = keep(createQueue({ ...given(), tasks }))
    expect((await again.list()).jobs).toEqual([])
    const handle = store('mail')
    expect(await handle.payload(id)).toBeUndefined()
    await handle.close()
    await untilLater(clock, () =>
      heard.some(([, event]) => (event as { state: string }).state === 'replaced'),
    )
    await expect(ada.why(theirs.id)).rejects.toMatchObject({ code: 'not-found' })
    expect((await ada.enqueue('work', 2)).outcome).toBe('created')
  })

  it('erases an owner’s part alone, also what another context of theirs runs', async () => {
    const store = memoryStore()
    const { given, keep } = bench(store)
    const [ada, eve] = [
      keep(createQueue({ ...given({ owner: 'ada' }), tasks })),
      keep(createQueue({ ...given({ owner: 'eve' }), tasks })),
    ]
    const runner = keep(
      createQueue({
        ...given({ owner: 'ada' }),
        tasks,
        handlers: { work: () => new Promise<string>(() => undefined) },
      }),
    )
    const running = await ada.enqueue('work', new Uint8Array(5))
    await ada.enqueue('work', new Uint8Array(5), { delayMs: 1_000, dedupeKey: 'a', dedupeMs: 60_000 })
    const kept = await eve.enqueue('work', 2)
    await runner.start()
    await until(async () => (await runner.get(running.id))?.state === 'running')
    await expect(ada.destroy()).rejects.toMatchObject({ code: 'unsent' })
    await ada.destroy({ force: true })
    expect(await eve.get(kept.id)).toMatchObject({ state: 'pending' })
    const again = keep(createQueue({ ...given({ owner: 'ada' }), tasks }))
    expect((await again.list()).jobs).toEqual([])
    const handle = store('mail')
    expect(await handle.payload(running.id)).toBeUndefined()
    await handle.close()
    await until(async () => (await runner.info()).worker.stuck === 1)
  })
})

describe('retention', () => {
  it('keeps completed and cancelled jobs for an hour, and a thousand at the most', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(
      createQueue({ ...given({ worker: { concurrency: 500 } }), tasks, handlers: { other: () => 'done' } }),
    )
    await queue.enqueueAll(
      Array.from({ length: 1_200 }, (_, payload) => ({ kind: 'other' as const, payload })),
    )
    await queue.drain()
    await queue.enqueue('other', 'one more')
    await queue.drain()
    expect((await queue.info()).counts.completed).toBeLessThanOrEqual(1_001)
    clock.advance(3_600_000)
    await queue.enqueue('other', 'last')
    await queue.drain()
    expect((await queue.info()).counts.completed).toBe(1)
  })

  it('keeps dead letters for ever by default', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(createQueue({ ...given(), tasks, handlers: failing }))
    await queue.enqueue('work', 1)
    await queue.drain()
    clock.advance(365 * 86_400_000)
    await queue.enqueue('work', 2)
    await queue.drain()
    expect((await queue.deadLetters()).jobs).toHaveLength(2)
  })

  it('announces each dead letter that is over its age before it goes, and again if it was saved', async () => {
    const store = memoryStore()
    const { given, keep, clock } = bench(store)
    const queue = keep(
      createQueue({ ...given({ retention: { dead: { maxAgeMs: 1_000 } } }), tasks, handlers: failing }),
    )
    const heard = record(queue, 'warning')
    const saved = await queue.enqueue('work', new Uint8Array(1))
    const lost = await queue.enqueue('work', new Uint8Array(2))
    await queue.drain()
    clock.advance(1_000)
    await queue.pause()
    expect(heard.map(([, event]) => (event as { id: string }).id)).toEqual([saved.id, lost.id])
    expect((await queue.deadLetters()).jobs).toHaveLength(2)
    await queue.redrive(saved.id)
    expect((await queue.deadLetters()).jobs).toEqual([])
    const handle = store('mail')
    expect(await handle.payload(lost.id)).toBeUndefined()
    expect(await handle.payload(saved.id)).toBeDefined()
    await handle.close()
    await queue.resume()
    await queue.drain()
    clock.advance(1_000)
    await queue.pause()
    expect(heard.map(([, event]) => (event as { id: string }).id)).toEqual([saved.id, lost.id, saved.id])
    expect((await queue.deadLetters()).jobs).toHaveLength(1)
  })

  it('lets the oldest dead letters go that weigh too much', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(
      createQueue({ ...given({ retention: { dead: { maxBytes: 3_000 } } }), tasks, handlers: failing }),
    )
    const first = await queue.enqueue('work', new Uint8Array(2_000))
    await queue.drain()
    clock.advance(1)
    const second = await queue.enqueue('work', new Uint8Array(2_000))
    await queue.drain()
    await queue.pause()
    await queue.resume()
    expect((await queue.deadLetters()).jobs.map(({ id }) => id)).toEqual([second.id])
    expect(await queue.get(first.id)).toBeUndefined()
  })
})

describe('createQueue', () => {
  it('touches nothing and makes nothing up before the first call', async () => {
    let calls = 0
    const note = () => {
      calls += 1
      return undefined
    }
    const inner = memoryStore()
    const store = faultyStore(inner, note)
    const { given, clock } = bench(store)
    const random = () => {
      calls += 1
      return 0.5
    }
    const platform = Object.getOwnPropertySymbols(given())[0] ?? Symbol()
    const minting = { locks: undefined, isHidden: () => false, mint: () => String(note()) }
    const queue = createQueue({ ...given({ random }), [platform]: minting, tasks, handlers: failing })
    queue.on('enqueued', () => undefined)
    queue.view()
    await turns()
    expect([calls, clock.timers]).toEqual([0, 0])
    await queue.close()
    expect(store.counts).toMatchObject({ load: 0, commit: 0, subscribe: 0, close: 1 })
  })

  it.each([
    [{ name: '' }, TypeError, /name.*empty/],
    [{ name: 5 as unknown as string }, TypeError, /name.*5, expected text/],
    [{ owner: 5 as unknown as string }, TypeError, /owner.*5, expected a string/],
    [{ sync: { url: '' } }, TypeError, /sync\.url.*empty/],
    [{ fallback: 'disk' as 'memory' }, TypeError, /fallback.*disk/],
    [{ durability: 'hard' as 'strict' }, TypeError, /durability.*hard/],
    [{ limits: { overflow: 'drop' as 'reject' } }, TypeError, /overflow.*drop/],
    [{ worker: { concurrency: 0 } }, RangeError, /concurrency.*0/],
    [{ worker: { leaseMs: Number.NaN } }, RangeError, /leaseMs.*NaN/],
    [{ limits: { maxPending: -1 } }, RangeError, /maxPending.*-1/],
    [{ retention: { finishedMs: -1 } }, RangeError, /finishedMs.*-1/],
    [{ retention: { dead: { maxAgeMs: Number.NaN } } }, RangeError, /maxAgeMs.*NaN/],
  ])('refuses %o at once', (options, type, message) => {
    const { given } = bench()
    const make = () => createQueue({ ...given(), ...options, tasks })
    expect(make).toThrow(type)
    expect(make).toThrow(message)
  })

  it.each([
    [{ retry: { maxAttempts: 0 } }, /retry\.maxAttempts.*0/],
    [{ retry: { baseMs: -1 } }, /retry\.baseMs.*-1/],
    [{ retry: { backoff: 'slow' as 'fixed' } }, /retry\.backoff.*"slow".*exponential/],
    [{ timeoutMs: 0 }, /timeoutMs.*0/],
    [{ delivery: 'once' as 'at-most-once' }, /delivery.*"once"/],
    [{ deadHead: 'skip' as 'free' }, /deadHead.*"skip"/],
    [{ version: 0 }, /version.*0/],
  ])('refuses a task with %o at once', (options, message) => {
    const { given } = bench()
    expect(() => task(options)).toThrow(message)
    // One that task() did not make is looked at all the same.
    expect(() => createQueue({ ...given(), tasks: { work: { options } } })).toThrow(message)
    expect(() => createQueue({ ...given(), tasks: { work: { options } } })).toThrow(/tasks\.work\./)
  })

  it('refuses what is neither a task nor a handler', () => {
    const { given } = bench()
    expect(() => createQueue({ ...given(), tasks: { work: {} as ReturnType<typeof task> } })).toThrow(
      /not made by task/,
    )
    expect(() => createQueue({ ...given(), handlers: { work: 5 as unknown as () => void } })).toThrow(
      /handlers\.work.*5, expected a function/,
    )
  })

  it.each<[string, Contract, Contract]>([
    ['sync.url', { sync: { url: '/a' } }, { sync: { url: '/b' } }],
    ['version of "work"', { work: { version: 1 } }, { work: { version: 2 } }],
    ['maxRunning of "work"', { work: { maxRunning: 1 } }, {}],
    ['delivery of "work"', { work: { delivery: 'at-most-once' } }, {}],
  ])('refuses the same store and name twice in one context with another %s', async (what, one, other) => {
    const { given } = bench()
    const open = ({ sync, work = {} }: Contract, name = 'mail') =>
      createQueue({ ...given({ name, ...(sync && { sync }) }), tasks: { work: task(work) } })
    const queue = open(one)
    expect(() => open(other)).toThrow(TypeError)
    expect(() => open(other)).toThrow(what)
    await open(other, 'another').close()
    await queue.close()
    await open(other).close()
  })
})

interface Contract {
  readonly sync?: { readonly url: string }
  readonly work?: TaskOptions<undefined>
}

describe('a store that cannot be opened', () => {
  it('makes calls reject, saying how to ask for memory', async () => {
    const queue = createQueue({ name: 'mail', tasks })
    const refused = queue.enqueue('work', 1)
    await expect(refused).rejects.toMatchObject({ code: 'store-unavailable' })
    await expect(refused).rejects.toThrow(/memoryStore\(\).*fallback: 'memory'/)
    await expect(queue.info()).rejects.toMatchObject({ code: 'store-unavailable' })
    await queue.close()
  })

  it('gives way to memory where the fallback says so, and does not pretend to be durable', async () => {
    const options = { name: 'mail', store: indexedDbStore(), fallback: 'memory', tasks } as const
    const queue = createQueue({ ...options, handlers: { work: () => 'done' } })
    const { id, durable } = await queue.enqueue('work', 1)
    expect(durable).toBe(false)
    const { store } = await queue.info()
    expect(store).toMatchObject({ durable: false, state: 'opened', usage: undefined, quota: undefined })
    expect(store.identity).toMatch(/^memory:/)
    const other = createQueue(options)
    expect(await other.get(id)).toMatchObject({ state: 'pending' })
    await queue.drain()
    expect(await queue.result(id)).toBe('done')
    await Promise.all([queue.close(), other.close()])
  })

  it('is tried again by the next call', async () => {
    const store = faultyStore(memoryStore(), ({ method, nth }) =>
      method === 'load' && nth === 0 ? { type: 'fail-before' } : undefined,
    )
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    const error = await queue.enqueue('work', 1).catch((caught: QueueError) => caught)
    expect(error).toMatchObject({ code: 'store-failed' })
    expect(await queue.enqueue('work', 1)).toMatchObject({ outcome: 'created' })
  })
})
