import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createQueue, defineTasks, isQueueError, memoryStore, type Schema, task } from '../../../src/index.ts'
import type { StoreFactory } from '../../../src/store/contract.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, gate, record, turns, until } from './bench.ts'

describe('enqueue', () => {
  it('resolves to the id, the outcome and whether the store is durable', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { greet: (_: string) => undefined } }))
    const enqueued = await queue.enqueue('greet', 'Ada')
    expect(enqueued).toEqual({
      id: expect.stringMatching(/^[\w-]{10,}$/),
      outcome: 'created',
      durable: false,
    })
    expect(await queue.get(enqueued.id)).toMatchObject({ kind: 'greet', state: 'pending', attempt: 0 })
  })

  it('reads its options when it is called: what becomes of the object later has no effect', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { greet: (_: string) => undefined } }))
    const options = { dedupeKey: '', onDuplicate: 'replace' as const }
    const enqueued = await Promise.all(
      ['Ada', 'Grace'].map((name) => {
        options.dedupeKey = name
        return queue.enqueue('greet', name, options)
      }),
    )
    expect(enqueued.map(({ outcome }) => outcome)).toEqual(['created', 'created'])
    const states: ('pending' | 'running' | 'cancelled')[] = ['pending', 'running', 'cancelled']
    const first = queue.enqueue('greet', 'Alan', { dedupeKey: 'Alan', while: states })
    states.splice(0)
    await queue.cancel((await first).id)
    expect(await queue.enqueue('greet', 'Alan', { dedupeKey: 'Alan' })).toMatchObject({
      outcome: 'duplicate',
    })
  })

  it('takes options that are inherited', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { greet: (_: string) => undefined } }))
    const { id } = await queue.enqueue('greet', 'Ada', Object.create({ delayMs: 60_000 }))
    expect(await queue.get(id)).toMatchObject({ availableAt: clock.now() + 60_000 })
  })

  it('tells every context, whoever enqueued', async () => {
    const { given, keep } = bench()
    const handlers = { greet: (_: string) => undefined }
    const [one, other] = [
      keep(createQueue({ ...given(), handlers })),
      keep(createQueue({ ...given(), handlers })),
    ]
    const heard = record(other, 'enqueued')
    await other.info()
    const { id } = await one.enqueue('greet', 'Ada', { key: 'a' })
    await until(() => heard.length === 1)
    expect(heard).toEqual([['enqueued', { id, kind: 'greet', key: 'a' }]])
  })

  it('decides on the truth also where it writes nothing, although every hint was lost', async () => {
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'hint' ? { type: 'drop-hint' } : undefined,
    )
    const { given, keep } = bench(store)
    const handlers = { greet: (_: string) => undefined }
    const [one, other] = [
      keep(createQueue({ ...given(), handlers })),
      keep(createQueue({ ...given(), handlers })),
    ]
    const { id } = await one.enqueue('greet', 'Ada', { dedupeKey: 'a' })
    expect(await other.enqueue('greet', 'Ada', { dedupeKey: 'a' })).toMatchObject({
      id,
      outcome: 'duplicate',
    })
    await one.cancel(id)
    expect(await other.enqueue('greet', 'Ada', { dedupeKey: 'a' })).toMatchObject({ outcome: 'created' })
  })

  it('of many, drafted before others appended, is decided anew', async () => {
    const { given, keep } = bench()
    const handlers = { greet: (_: number) => undefined }
    const [one, other] = [
      keep(createQueue({ ...given(), handlers })),
      keep(createQueue({ ...given(), handlers })),
    ]
    await Promise.all([one.info(), other.info()])
    const items = Array.from({ length: 1_100 }, (_, payload) => ({ kind: 'greet' as const, payload }))
    // Drafted in a task of its own, which the other does not wait for.
    const many = one.enqueueAll([...items, { kind: 'greet', payload: 0, dedupeKey: 'a' }])
    const { id } = await other.enqueue('greet', 1, { dedupeKey: 'a' })
    expect((await many).at(-1)).toMatchObject({ id, outcome: 'duplicate' })
    expect((await one.info()).counts.pending).toBe(1_101)
  })

  it('of many goes in several entries where one cannot hold them', async () => {
    const inner = memoryStore()
    const store: StoreFactory = (name) => ({ ...inner(name), maxEntryBytes: 40_000 })
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), handlers: { greet: (_: number) => undefined } }))
    const enqueued = await Promise.all(
      Array.from({ length: 1_100 }, (_, number) => queue.enqueue('greet', number)),
    )
    expect(new Set(enqueued.map(({ id }) => id)).size).toBe(1_100)
    expect((await queue.info()).counts.pending).toBe(1_100)
    const handle = store('mail')
    expect((await handle.load()).entries.length).toBeGreaterThan(2)
    await handle.close()
  })

  it.each([1, 2, 3, 4])(
    'of many is there whole, or rejects, where the queue is closed after %i tasks',
    async (tasks) => {
      const { given, store } = bench()
      const handlers = { greet: (_: number) => undefined }
      const queue = createQueue({ ...given(), handlers })
      await queue.info()
      const enqueued = queue
        .enqueueAll(Array.from({ length: 1_100 }, (_, payload) => ({ kind: 'greet' as const, payload })))
        .then(
          () => 1_100,
          (error: unknown) => (isQueueError(error, 'closed') ? 0 : Number.NaN),
        )
      await turns(tasks)
      await queue.close()
      const next = createQueue({ ...given(), store, handlers })
      expect((await next.info()).counts.pending).toBe(await enqueued)
      await next.close()
    },
  )

  it('refuses a kind that is not in tasks, and names the known ones', async () => {
    const { given, keep } = bench()
    const tasks = defineTasks({ upload: task(), ping: task() })
    const queue = keep(createQueue({ ...given(), tasks }))
    const refused = queue.enqueue('uplaod' as 'upload')
    await expect(refused).rejects.toThrow(TypeError)
    await expect(refused).rejects.toThrow(/"uplaod".*"upload", "ping"/)
    await expect(queue.enqueue('toString' as 'upload')).rejects.toThrow(TypeError)
  })

  it('refuses handlers of a kind that is not in tasks', () => {
    const { given } = bench()
    const tasks = defineTasks({ upload: task() })
    const handlers = { toString: () => undefined } as { upload?: () => undefined }
    expect(() => createQueue({ ...given(), tasks, handlers })).toThrow(/"toString".*upload/)
  })

  it.each([
    ['delayMs', -1],
    ['delayMs', Number.NaN],
    ['delayMs', Number.POSITIVE_INFINITY],
    ['availableAt', Number.NaN],
    ['availableAt', -5],
    ['expiresInMs', -1],
    ['dedupeMs', Number.NaN],
    ['priority', Number.NaN],
    ['priority', Number.POSITIVE_INFINITY],
    ['priority', Number.NEGATIVE_INFINITY],
  ])('refuses %s: %s with a RangeError that says what was given', async (option, value) => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { ping: () => undefined } }))
    const options = option === 'dedupeMs' ? { dedupeKey: 'a', dedupeMs: value } : { [option]: value }
    const refused = queue.enqueue('ping', undefined, options)
    await expect(refused).rejects.toThrow(RangeError)
    await expect(refused).rejects.toThrow(new RegExp(`${option}.*${value}`))
  })

  it.each([
    [{ key: '' }, /key.*empty/],
    [{ dedupeKey: '' }, /dedupeKey.*empty/],
    [{ delayMs: 1, availableAt: 1 }, /delayMs and availableAt/],
    [{ dedupeKey: 'a', dedupeMs: 1, while: ['pending' as const] }, /while and dedupeMs/],
    [{ onDuplicate: 'replace' as const }, /onDuplicate.*without a dedupeKey/],
    [{ dedupeKey: 'a', onDuplicate: 'later' as 'keep' }, /onDuplicate.*later.*keep, replace/],
    [{ dedupeKey: 'a', while: ['waiting' as 'pending'] }, /while.*waiting/],
  ])('refuses the options %o with a TypeError', async (options, message) => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { ping: () => undefined } }))
    const refused = queue.enqueue('ping', undefined, options)
    await expect(refused).rejects.toThrow(TypeError)
    await expect(refused).rejects.toThrow(message)
  })

  it('takes in all jobs of enqueueAll or none', async () => {
    const { given, keep } = bench()
    const queue = keep(
      createQueue({ ...given({ limits: { maxPending: 2 } }), handlers: { ping: (_: number) => undefined } }),
    )
    const items = [1, 2, 3].map((payload) => ({ kind: 'ping' as const, payload }))
    await expect(queue.enqueueAll(items)).rejects.toMatchObject({ code: 'backlog-full' })
    expect((await queue.info()).counts.pending).toBe(0)
    const taken = await queue.enqueueAll(items.slice(0, 2))
    expect(taken.map(({ outcome }) => outcome)).toEqual(['created', 'created'])
    expect(await queue.enqueueAll([])).toEqual([])
  })

  it('leaves no rejection unhandled when one item of enqueueAll is misuse and another does not fit', async () => {
    const { given, keep } = bench()
    const tasks = defineTasks({ mail: task({ input: v.object({ to: v.string() }) }) })
    const queue = keep(createQueue({ ...given(), tasks }))
    const unhandled: unknown[] = []
    const note = (error: unknown) => void unhandled.push(error)
    process.on('unhandledRejection', note)
    const bad = [
      { kind: 'mail' as const, payload: { to: 1 as unknown as string } },
      { kind: 'male' as 'mail', payload: { to: 'a' } },
    ]
    await expect(queue.enqueueAll(bad)).rejects.toThrow()
    await turns()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  it('refuses past maxPending, or drops the oldest to the dead letters', async () => {
    const { given, keep } = bench()
    const handlers = { ping: () => undefined }
    const strict = keep(createQueue({ ...given({ name: 'a', limits: { maxPending: 1 } }), handlers }))
    await strict.enqueue('ping')
    await expect(strict.enqueue('ping')).rejects.toMatchObject({ code: 'backlog-full' })
    const lax = keep(
      createQueue({ ...given({ name: 'b', limits: { maxPending: 1, overflow: 'drop-oldest' } }), handlers }),
    )
    const { id } = await lax.enqueue('ping')
    await lax.enqueue('ping')
    expect((await lax.deadLetters()).jobs).toMatchObject([{ id, reason: 'overflow' }])
  })
})

describe('a schema', () => {
  const input = v.object({ to: v.pipe(v.string(), v.email()), tags: v.optional(v.array(v.string())) })

  it('refuses a payload with its issues and their paths', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), tasks: defineTasks({ mail: task({ input }) }) }))
    const error: unknown = await queue
      .enqueue('mail', { to: 'nobody', tags: ['a', 1 as unknown as string] })
      .catch((caught: unknown) => caught)
    if (!isQueueError(error, 'payload-invalid')) throw error
    expect(error.issues).toMatchObject([{ path: ['to'] }, { path: ['tags', 1] }])
    expect(error.issues?.every(({ message }) => message.length > 0)).toBe(true)
    expect(error.message).toContain('"mail"')
    expect((await queue.info()).counts.pending).toBe(0)
  })

  it('stores the input, and hands the handler what it makes of it', async () => {
    const { given, keep } = bench()
    const seen: unknown[] = []
    const trimmed = v.object({
      name: v.pipe(
        v.string(),
        v.trim(),
        v.transform((name) => name.length),
      ),
    })
    const tasks = defineTasks({ greet: task({ input: trimmed }) })
    const queue = keep(
      createQueue({ ...given(), tasks, handlers: { greet: ({ name }) => void seen.push(name) } }),
    )
    const { id } = await queue.enqueue('greet', { name: ' Ada ' })
    expect(await queue.payload(id)).toEqual({ name: ' Ada ' })
    await queue.drain()
    expect(seen).toEqual([3])
  })

  it('may be asynchronous', async () => {
    const { given, keep } = bench()
    const slow = v.pipeAsync(
      v.string(),
      v.checkAsync(async (text) => text !== 'no', 'not no'),
    )
    const queue = keep(createQueue({ ...given(), tasks: defineTasks({ say: task({ input: slow }) }) }))
    await expect(queue.enqueue('say', 'no')).rejects.toMatchObject({
      issues: [{ message: 'not no', path: [] }],
    })
    await expect(queue.enqueue('say', 'yes')).resolves.toMatchObject({ outcome: 'created' })
  })

  it('sends a stored payload that no longer fits to the dead letters', async () => {
    const { given, keep } = bench()
    const before = keep(createQueue({ ...given(), tasks: defineTasks({ mail: task<{ to: string }>() }) }))
    const { id } = await before.enqueue('mail', { to: 'nobody' })
    await before.close()
    const after = keep(
      createQueue({
        ...given(),
        tasks: defineTasks({ mail: task({ input }) }),
        handlers: { mail: () => undefined },
      }),
    )
    await after.drain()
    expect(await after.get(id)).toMatchObject({ state: 'dead', reason: 'payload-invalid', errors: 1 })
  })
})

describe('a payload', () => {
  it('is cloned when it is given: what its owner does with it afterwards has no effect', async () => {
    const { given, keep } = bench()
    const check = gate()
    const slow: Schema<{ items: unknown[] }> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        async validate(value) {
          await check.promise
          const { items } = value as { items: unknown[] }
          return items.length === 1 ? { value: { items } } : { issues: [{ message: `has ${items.length}` }] }
        },
      },
    }
    const tasks = defineTasks({ plain: task<{ items: unknown[] }>(), checked: task({ input: slow }) })
    const queue = keep(createQueue({ ...given(), tasks }))
    for (const items of [[1], [new Date(0)], ['x'.repeat(3_000)]]) {
      const payload = { items: [...items] }
      const [plain, checked] = [queue.enqueue('plain', payload), queue.enqueue('checked', payload)]
      payload.items.push('later')
      check.open()
      expect(await queue.payload((await plain).id)).toEqual({ items })
      expect(await queue.payload((await checked).id)).toEqual({ items })
    }
  })

  it.each([
    ['small', { list: [1] }],
    ['large', { list: [1], text: 'x'.repeat(3_000) }],
    ['binary', { list: [1], at: new Date(0) }],
  ])('that is %s does not carry what a handler did to it into the next attempt', async (_, payload) => {
    const { given, keep, clock } = bench()
    const seen: number[] = []
    const queue = keep(
      createQueue({
        ...given(),
        handlers: {
          push: (given: { list: number[] }) => {
            seen.push(given.list.length)
            given.list.push(2)
            if (seen.length < 3) throw new Error('again')
          },
        },
      }),
    )
    await queue.enqueue('push', payload)
    for (let pass = 0; pass < 3; pass++) {
      await queue.drain()
      clock.advance(10_000)
    }
    expect(seen).toEqual([1, 1, 1])
  })

  const kinds: [string, unknown][] = [
    ['a Date', new Date(86_400_000)],
    [
      'a Map',
      new Map<unknown, unknown>([
        ['a', 1],
        [{ b: 2 }, new Set([3])],
      ]),
    ],
    ['a Set', new Set(['a', 'b'])],
    ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
    ['a typed array', new Float64Array([1.5, Number.NaN])],
    ['a Blob', new Blob(['hello'], { type: 'text/plain' })],
    ['a File', new File(['hello'], 'hello.txt', { type: 'text/plain', lastModified: 5 })],
    [
      'a large object',
      { text: 'x'.repeat(100_000), list: Array.from({ length: 1_000 }, (_, at) => ({ at })) },
    ],
    ['an undefined field', { a: undefined, b: Number.NaN, c: -0 }],
    ['a cycle', cycle()],
  ]

  it.each(kinds)('with %s comes out as it went in', async (_, value) => {
    const { given, keep } = bench()
    const got: unknown[] = []
    const queue = keep(
      createQueue({ ...given(), handlers: { keep: (payload: unknown) => void got.push(payload) } }),
    )
    const { id } = await queue.enqueue('keep', value)
    expect((await queue.get(id))?.payloadBytes).toBeGreaterThan(0)
    await expect(same(await queue.payload(id), value)).resolves.toBe(true)
    await queue.drain()
    await expect(same(got[0], value)).resolves.toBe(true)
  })

  it.each(kinds)('with %s leaves the store with the transaction that completes its job', async (_, value) => {
    const store = faultyStore(memoryStore())
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), handlers: { keep: (_: unknown) => undefined } }))
    const handle = store('mail')
    const { id } = await queue.enqueue('keep', value)
    await queue.enqueue('keep', value, { delayMs: 1_000 })
    expect(await handle.payload(id)).toBeDefined()
    await queue.drain()
    expect(await queue.get(id)).toMatchObject({ state: 'completed', payloadBytes: 0 })
    expect(await handle.payload(id)).toBeUndefined()
    expect(await queue.payload(id)).toBeUndefined()
    await handle.close()
  })

  it.each([
    ['a function', { items: [{ onClick: press }] }, 'payload.items[0].onClick', /function press/],
    ['a symbol', { id: Symbol('x') }, 'payload.id', /symbol/],
    ['something in a Map', { by: new Map([['k', () => 1]]) }, 'payload.by.get(k)', /function/],
    [
      'something in a Map by an object',
      new Map([[{ toString: false }, press]]),
      'payload.get(object)',
      /function press/,
    ],
    ['something in a key of a Map', new Map([[{ press }, 1]]), 'payload.keys().press', /function press/],
    ['a field before a getter', new Map([['k', trapped()]]), 'payload.get(k).press', /function press/],
    ['something in a Set', { all: new Set([new WeakMap()]) }, 'payload.all.values()[0]', /WeakMap/],
    ['nothing but itself', () => 1, 'payload', /function/],
  ])('with %s is refused, and the field named', async (_, payload, path, message) => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { keep: (_: unknown) => undefined } }))
    const refused = queue.enqueue('keep', payload)
    await expect(refused).rejects.toMatchObject({ code: 'payload-not-storable', path })
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toThrow(path)
  })

  it('is refused when it is larger than maxPayloadBytes', async () => {
    const { given, keep } = bench()
    const queue = keep(
      createQueue({
        ...given({ limits: { maxPayloadBytes: 1_000 } }),
        handlers: { keep: (_: unknown) => undefined },
      }),
    )
    await expect(queue.enqueue('keep', new Uint8Array(1_000))).resolves.toBeDefined()
    await expect(queue.enqueue('keep', new Uint8Array(1_001))).rejects.toMatchObject({
      code: 'payload-too-large',
    })
    await expect(queue.enqueue('keep', 'x'.repeat(1_000))).rejects.toThrow(/1002 bytes, of 1000/)
  })

  it('stays with a dead and a cancelled job, and goes with its removal', async () => {
    const store = memoryStore()
    const { given, keep } = bench(store)
    const tasks = defineTasks({ keep: task<Uint8Array>({ retry: { maxAttempts: 1 } }) })
    const fail = () => {
      throw new Error('no')
    }
    const queue = keep(createQueue({ ...given(), tasks, handlers: { keep: fail } }))
    const dead = await queue.enqueue('keep', new Uint8Array([1]))
    const cancelled = await queue.enqueue('keep', new Uint8Array([2]), { delayMs: 1 })
    await queue.cancel(cancelled.id)
    await queue.drain()
    expect(await queue.payload(dead.id)).toEqual(new Uint8Array([1]))
    expect(await queue.payload(cancelled.id)).toEqual(new Uint8Array([2]))
    await queue.remove(dead.id)
    await queue.remove(cancelled.id)
    const handle = store('mail')
    expect(await handle.payload(dead.id)).toBeUndefined()
    expect(await handle.payload(cancelled.id)).toBeUndefined()
    await handle.close()
  })
})

/** What cannot be stored, before what must not be read. */
function trapped(): object {
  return Object.defineProperty({ press }, 'later', { enumerable: true, get: press })
}

function press(): void {
  throw new Error('not to be called')
}

function cycle(): unknown {
  const ring: { self?: unknown } = {}
  ring.self = ring
  return ring
}

/** Blobs have no equality of their own. */
async function same(a: unknown, b: unknown): Promise<boolean> {
  if (!(a instanceof Blob) || !(b instanceof Blob)) {
    expect(a).toEqual(b)
    return true
  }
  const facts = (blob: Blob) => [
    blob.type,
    blob.size,
    blob instanceof File ? [blob.name, blob.lastModified] : [],
  ]
  expect(facts(a)).toEqual(facts(b))
  expect(await a.text()).toBe(await b.text())
  return true
}
