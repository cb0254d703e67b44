import { describe, expect, it } from 'vitest'
import { createQueue, defineTasks, memoryStore, RetryError, snooze, task } from '../../../src/index.ts'
import type { StoreFactory } from '../../../src/store/contract.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, freezable, gate, passing, record, turns, until, untilLater } from '../queue/bench.ts'

describe('a wait that begins after a long silence', () => {
  it('is waited out: a delayed job does not run in the entry that brings it', async () => {
    const { given, keep, clock } = bench()
    const runs: number[] = []
    const queue = keep(createQueue({ ...given(), handlers: { ping: () => void runs.push(clock.now()) } }))
    await queue.start()
    await passing(clock, 10_000)
    const since = clock.now()
    await queue.enqueue('ping', undefined, { delayMs: 5_000 })
    await passing(clock, 4_000)
    expect(runs).toEqual([])
    await untilLater(clock, () => runs.length > 0)
    expect((runs[0] ?? 0) - since).toBeGreaterThanOrEqual(5_000)
  })

  it('is waited out after a handler that took longer than the floor of its retry', async () => {
    const { given, keep, clock } = bench()
    const starts: number[] = []
    const long = gate()
    const queue = keep(
      createQueue({
        ...given(),
        handlers: {
          slow: async () => {
            starts.push(clock.now())
            if (starts.length > 1) return
            await long.promise
            throw new RetryError('Busy', { afterMs: 3_000 })
          },
        },
      }),
    )
    await queue.enqueue('slow')
    await queue.start()
    await passing(clock, 9_000)
    const failedAt = clock.now()
    long.open()
    await turns()
    expect(starts).toHaveLength(1)
    await untilLater(clock, () => starts.length === 2)
    expect((starts[1] ?? 0) - failedAt).toBeGreaterThanOrEqual(3_000)
  })

  it('is waited out before a job expires', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { ping: () => undefined } }))
    await queue.start()
    await passing(clock, 25_000)
    const { id } = await queue.enqueue('ping', undefined, { expiresInMs: 10_000 })
    await queue.result(id)
    expect((await queue.get(id))?.state).toBe('completed')
  })
})

/** Every commit happens at once, and is answered when the gate lets it. */
function answeringLate(store: StoreFactory): { store: StoreFactory; hold: () => () => void } {
  let held: Promise<void> = Promise.resolve()
  return {
    store: (name) => {
      const inner = store(name)
      return {
        ...inner,
        async commit(after, decide, options) {
          const seq = await inner.commit(after, decide, options)
          await held
          return seq
        },
      }
    },
    hold() {
      const waiting = gate()
      held = waiting.promise
      return () => waiting.open()
    },
  }
}

describe('a claim whose answer comes after', () => {
  for (const verb of ['stop', 'close', 'leave'] as const) {
    it(`${verb} begins nothing, and is no crash for whoever finds the job`, async () => {
      const shared = memoryStore()
      const { store, hold } = answeringLate(shared)
      const { given, keep, clock } = bench(shared)
      const ran: string[] = []
      const open = (who: string, from: StoreFactory) =>
        keep(createQueue({ ...given({ store: from }), handlers: { ping: () => void ran.push(who) } }))
      const first = open('first', store)
      await first.start()
      await turns()
      const release = hold()
      const enqueued = first.enqueue('ping').catch((error: unknown) => error)
      await turns()
      const ended = verb === 'stop' ? first.stop({ graceMs: 0 }) : first[verb]()
      await turns()
      release()
      await enqueued
      await ended
      const second = open('second', shared)
      const reclaimed = record(second, 'reclaimed')
      await second.start()
      await untilLater(clock, () => ran.length > 0)
      expect(ran).toEqual(['second'])
      expect(reclaimed.map(([, event]) => event)).not.toContainEqual(
        expect.objectContaining({ cause: 'crash' }),
      )
      const [job] = (await second.list()).jobs
      expect(job).toMatchObject({ crashes: 0, errors: 0 })
    })
  }
})

it('a slot that a handler kept whose lease was lost is free as soon as it ends', async () => {
  const { store, freeze, thaw } = freezable()
  const { given, keep, clock } = bench(store)
  const zombie = gate()
  const runs: string[] = []
  const handlers = {
    work: async (text: string) => {
      runs.push(text)
      if (runs.length === 1) await zombie.promise
    },
  }
  const frozen = keep(createQueue({ ...given({ worker: { concurrency: 1 } }), handlers }))
  await frozen.enqueue('work', 'a')
  await frozen.start()
  await until(() => runs.length === 1)
  freeze()
  const other = keep(createQueue({ ...given(), handlers }))
  await other.start()
  await untilLater(clock, () => runs.length === 2)
  await other.stop()
  thaw()
  await turns()
  await frozen.enqueue('work', 'b')
  await turns()
  expect(runs).toEqual(['a', 'a'])
  zombie.open()
  await until(() => runs.length === 3)
})

it('a slot that a handler kept which ignored a stop is free as soon as it ends', async () => {
  const { given, keep } = bench()
  const zombie = gate()
  const runs: string[] = []
  const work = async (text: string) => {
    runs.push(text)
    if (runs.length === 1) await zombie.promise
  }
  const queue = keep(createQueue({ ...given({ worker: { concurrency: 1 } }), handlers: { work } }))
  await queue.enqueue('work', 'a')
  await queue.start()
  await until(() => runs.length === 1)
  await queue.stop({ graceMs: 0 })
  await queue.start()
  await turns()
  expect(runs).toEqual(['a'])
  zombie.open()
  await until(() => runs.length === 2)
})

it('a claim that is told of after its job was taken back is not begun', async () => {
  let isDeaf = false
  const store = faultyStore(memoryStore(), ({ handle, method }) => {
    if (handle !== 0 || !isDeaf) return undefined
    if (method === 'commit') return { type: 'lose-answer' }
    return method === 'read' ? { type: 'fail-before' } : undefined
  })
  const { given, keep, clock } = bench(store)
  const tasks = defineTasks({ work: task<string>(), other: task<string>() })
  const attempts: number[] = []
  const work = (_: string, { attempt }: { attempt: number }) => void attempts.push(attempt)
  const first = keep(createQueue({ ...given({ worker: { leaseMs: 300 } }), tasks, handlers: { work } }))
  await first.start()
  const observer = keep(createQueue({ ...given(), tasks, handlers: { other: () => undefined } }))
  await observer.start()
  isDeaf = true
  const enqueued = first.enqueue('work', 'ada')
  await until(async () => {
    clock.advance(10)
    return (await observer.list()).jobs[0]?.crashes === 1
  })
  expect((await observer.list()).jobs).toMatchObject([{ state: 'pending', epoch: 1 }])
  isDeaf = false
  clock.advance(2_000)
  await enqueued
  await until(() => attempts.length > 0)
  await turns()
  expect(attempts).toEqual([2])
})

/** Payloads are read when the gate lets them. */
function readingLate(store: StoreFactory): { store: StoreFactory; release: () => void } {
  const held = gate()
  return {
    store: (name) => {
      const inner = store(name)
      return {
        ...inner,
        async payload(id) {
          await held.promise
          return inner.payload(id)
        },
      }
    },
    release: () => held.open(),
  }
}

describe('a payload that is read after', () => {
  for (const verb of ['stop', 'close', 'leave', 'cancel'] as const) {
    it(`${verb} is handed to no handler`, async () => {
      const shared = memoryStore()
      const { store, release } = readingLate(shared)
      const { given, keep, clock } = bench(shared)
      const ran: string[] = []
      const open = (who: string, from: StoreFactory) =>
        keep(
          createQueue({
            ...given({ store: from }),
            handlers: { ping: (_: Uint8Array) => void ran.push(who) },
          }),
        )
      const first = open('first', store)
      await first.start()
      const { id } = await first.enqueue('ping', new Uint8Array(2))
      await until(async () => (await first.info()).counts.running === 1)
      const ended =
        verb === 'cancel' ? first.cancel(id) : verb === 'stop' ? first.stop({ graceMs: 0 }) : first[verb]()
      await turns()
      release()
      await ended
      await turns()
      expect(ran).toEqual([])
      const second = open('second', shared)
      await second.start()
      const isOver = async () =>
        (await second.get(id))?.state === (verb === 'cancel' ? 'cancelled' : 'completed')
      await untilLater(clock, isOver)
      expect(ran).toEqual(verb === 'cancel' ? [] : ['second'])
    })
  }
})

it('the time that a payload takes to be read is not its handler’s', async () => {
  const { store, release } = readingLate(memoryStore())
  const { given, keep, clock } = bench()
  const tasks = defineTasks({ ping: task<Uint8Array>({ timeoutMs: 1_000, stallMs: 1_000 }) })
  const aborted: boolean[] = []
  const ping = (_: Uint8Array, { signal }: { signal: AbortSignal }) => void aborted.push(signal.aborted)
  const queue = keep(createQueue({ ...given({ store }), tasks, handlers: { ping } }))
  await queue.start()
  const { id } = await queue.enqueue('ping', new Uint8Array(2))
  await until(async () => (await queue.info()).counts.running === 1)
  await passing(clock, 5_000)
  release()
  await untilLater(clock, async () => (await queue.get(id))?.state === 'completed')
  expect(aborted).toEqual([false])
  expect(await queue.get(id)).toMatchObject({ attempt: 1, errors: 0 })
})

/** A handler that begins when the gate lets its `isDone` answer, and says what was called. */
function asked(answer: Promise<void>) {
  const calls: string[] = []
  const ping = {
    isDone: async (_: Uint8Array, { signal }: { signal: AbortSignal }) => {
      calls.push(signal.aborted ? 'isDone, aborted' : 'isDone')
      await answer
      return false
    },
    run: (_: Uint8Array) => void calls.push('run'),
  }
  return { calls, handlers: { ping } }
}

describe('a handler is not asked whether its work is done', () => {
  it('when its payload is read after leave', async () => {
    const { store, release } = readingLate(memoryStore())
    const { given, keep } = bench()
    const { calls, handlers } = asked(Promise.resolve())
    const queue = keep(createQueue({ ...given({ store }), handlers }))
    await queue.start()
    await queue.enqueue('ping', new Uint8Array(2))
    await until(async () => (await queue.info()).counts.running === 1)
    const left = queue.leave()
    release()
    await left
    await turns()
    expect(calls).toEqual([])
  })
})

it('a handler whose job was given back while isDone answered does not run', async () => {
  const { given, keep } = bench()
  const answer = gate()
  const { calls, handlers } = asked(answer.promise)
  const queue = keep(createQueue({ ...given(), handlers }))
  await queue.start()
  await queue.enqueue('ping', new Uint8Array(2))
  await until(() => calls.length > 0)
  const left = queue.leave()
  answer.open()
  await left
  await turns()
  expect(calls).toEqual(['isDone'])
})

describe('delivery at most once', () => {
  it('does not call a handler again that snoozed', async () => {
    const { given, keep, clock } = bench()
    const tasks = defineTasks({ pay: task({ delivery: 'at-most-once' }) })
    let calls = 0
    const pay = () => {
      calls++
      return snooze(1_000)
    }
    const queue = keep(createQueue({ ...given(), tasks, handlers: { pay } }))
    const { id } = await queue.enqueue('pay')
    await queue.start()
    await until(async () => (await queue.get(id))?.state === 'dead')
    await passing(clock, 10_000)
    expect(calls).toBe(1)
    expect(await queue.get(id)).toMatchObject({ state: 'dead', reason: 'maybe-ran' })
  })
})

describe('a store that', () => {
  it('fails to be read rejects nothing that was never tried', async () => {
    const failing = gate()
    const store = faultyStore(memoryStore(), ({ method, nth }) =>
      method === 'read' && nth === 0 ? { type: 'fail-before' } : undefined,
    )
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), handlers: { ping: () => undefined } }))
    await queue.info()
    const looking = queue.why('nobody').catch((error: unknown) => error)
    const enqueuing = queue.enqueue('ping')
    failing.open()
    await looking
    expect((await enqueuing).outcome).toBe('created')
  })

  it('never opens does not keep a queue from closing, nor its callers waiting', async () => {
    const never = new Promise<never>(() => undefined)
    const inner = memoryStore()
    const { given } = bench()
    const store: StoreFactory = (name) => ({ ...inner(name), load: () => never })
    const queue = createQueue({ ...given({ store }), handlers: { ping: () => undefined } })
    const enqueuing = queue.enqueue('ping').catch((error: unknown) => error)
    await turns()
    await queue.close()
    expect(await enqueuing).toMatchObject({ code: 'closed' })
  })
})
