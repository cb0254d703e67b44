import { describe, expect, it } from 'vitest'
import {
  createQueue,
  defineTasks,
  type JobContext,
  memoryStore,
  type Queue,
  type StoreFactory,
  task,
} from '../../../src/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import type { ManualClock } from '../../../src/testing/manual-clock.ts'
import { bench, gate, passing, record, turns, until } from '../queue/bench.ts'

const never = new Promise<void>(() => undefined)

describe('start', () => {
  it('resolves once the first claim was decided', async () => {
    const { given, keep } = bench()
    const held = gate()
    const queue = keep(createQueue({ ...given(), handlers: { ping: () => held.promise } }))
    const { id } = await queue.enqueue('ping')
    await queue.start()
    expect(await queue.get(id)).toMatchObject({ state: 'running', attempt: 1, epoch: 1 })
    held.open()
    await queue.result(id)
  })

  it('called twice starts one worker, and both calls wait for it', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { ping: () => undefined } }))
    const { id } = await queue.enqueue('ping')
    const first = queue.start()
    await queue.start()
    expect((await queue.get(id))?.attempt).toBe(1)
    await first
    await queue.result(id)
    expect((await queue.get(id))?.attempt).toBe(1)
  })

  it('rejects when the store cannot be opened, and may be called again', async () => {
    const store = faultyStore(memoryStore(), ({ method, nth }) =>
      method === 'load' && nth === 0 ? { type: 'fail-before' } : undefined,
    )
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), handlers: { ping: () => 'pong' } }))
    await expect(queue.start()).rejects.toMatchObject({ code: 'store-failed' })
    expect((await queue.info()).worker.started).toBe(false)
    await queue.start()
    const { id } = await queue.enqueue('ping')
    expect(await queue.result(id)).toBe('pong')
  })

  it('right after a stop waits for it, and then starts', async () => {
    const { given, keep } = bench()
    const held = gate()
    const queue = keep(
      createQueue({ ...given(), handlers: { wait: () => held.promise, ping: () => 'pong' } }),
    )
    const { id } = await queue.enqueue('wait')
    await queue.start()
    const stopping = queue.stop()
    const starting = queue.start()
    held.open()
    await Promise.all([stopping, starting])
    expect(await queue.get(id)).toMatchObject({ state: 'completed' })
    expect((await queue.info()).worker.started).toBe(true)
    expect(await queue.result((await queue.enqueue('ping')).id)).toBe('pong')
  })

  it('that a stop follows at once leaves nothing started', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { ping: () => undefined } }))
    const starting = [queue.start(), queue.stop(), queue.start(), queue.stop()]
    await Promise.all(starting)
    await turns()
    expect((await queue.info()).worker.started).toBe(false)
    expect(clock.timers).toBe(0)
  })

  it('after stop and start and stop in one turn ends as the last one says', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { ping: () => undefined } }))
    await Promise.all([queue.start(), queue.stop(), queue.start()])
    await until(async () => (await queue.info()).worker.started)
    const { id } = await queue.enqueue('ping')
    await queue.result(id)
    expect((await queue.get(id))?.attempt).toBe(1)
  })
})

/** Stops the queue without grace, while time passes: its store is tried again and again. */
async function stopped(queue: Pick<Queue, 'stop'>, clock: ManualClock): Promise<void> {
  let isStopped = false
  const stopping = queue.stop({ graceMs: 0 }).then(() => {
    isStopped = true
  })
  await until(() => {
    clock.advance(100)
    return isStopped
  })
  await stopping
}

describe('stop', () => {
  it('claims nothing more, and lets what runs end within its grace', async () => {
    const { given, keep } = bench()
    const held = gate()
    const queue = keep(createQueue({ ...given(), handlers: { wait: () => held.promise } }))
    const [first, second] = [
      await queue.enqueue('wait', undefined, { key: 'a' }),
      await queue.enqueue('wait', undefined, { key: 'a' }),
    ]
    await queue.start()
    const stopping = queue.stop()
    held.open()
    await stopping
    expect(await queue.get(first.id)).toMatchObject({ state: 'completed' })
    expect(await queue.get(second.id)).toMatchObject({ state: 'pending', attempt: 0 })
  })

  it('gives back what outlasts the grace, charges nothing, and aborts it as stopped', async () => {
    const { given, keep, clock } = bench()
    let context: JobContext | undefined
    const queue = keep(
      createQueue({
        ...given(),
        handlers: {
          wait: (_: undefined, job) =>
            new Promise<void>((_, reject) => {
              context = job
              job.signal.addEventListener('abort', () => reject(job.signal.reason))
            }),
        },
      }),
    )
    const heard = record(queue, 'released', 'retrying', 'dead')
    const { id } = await queue.enqueue('wait')
    await queue.start()
    const stopping = queue.stop({ graceMs: 2_000 })
    await turns()
    clock.advance(1_999)
    await turns()
    expect(context?.signal.aborted).toBe(false)
    clock.advance(1)
    await stopping
    expect(context?.signal.reason).toMatchObject({ code: 'stopped' })
    expect(await queue.get(id)).toMatchObject({
      state: 'pending',
      attempt: 1,
      errors: 0,
      crashes: 0,
      releases: 1,
    })
    expect(heard).toEqual([['released', { id, kind: 'wait', why: 'stopped', availableAt: clock.now() }]])
    expect((await queue.get(id))?.failures).toEqual([])
  })

  it('with less patience cuts another stop short', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { wait: () => never } }))
    const { id } = await queue.enqueue('wait')
    await queue.start()
    const patient = queue.stop({ graceMs: 60_000 })
    await queue.stop({ graceMs: 0 })
    await patient
    expect(await queue.get(id)).toMatchObject({ state: 'pending', releases: 1 })
    expect(clock.timers).toBe(0)
  })

  it.each([Number.NaN, -1])('refuses graceMs: %s', async (graceMs) => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), handlers: {} }))
    await expect(queue.stop({ graceMs })).rejects.toThrow(RangeError)
  })

  it('ends although the store takes nothing any more, and then the job is a release for whoever finds it', async () => {
    let isDown = false
    const store = faultyStore(memoryStore(), ({ method }) =>
      isDown && (method === 'commit' || method === 'read') ? { type: 'fail-before' } : undefined,
    )
    const { given, keep, clock } = bench(store)
    const handlers = { wait: () => never }
    const queue = keep(createQueue({ ...given(), handlers }))
    const warnings = record(queue, 'warning')
    const { id } = await queue.enqueue('wait')
    await queue.start()
    isDown = true
    await stopped(queue, clock)
    expect(warnings).toHaveLength(1)
    isDown = false
    const other = keep(createQueue({ ...given(), handlers: { wait: () => 'done' } }))
    await other.start()
    expect(await other.result(id)).toBe('done')
    expect(await other.get(id)).toMatchObject({ attempt: 2, crashes: 0, releases: 1 })
  })

  it('calls no handler twice whose job is to run at most once, though its outcome could not be written', async () => {
    let isDown = false
    const store = faultyStore(memoryStore(), ({ method }) =>
      isDown && method === 'commit' ? { type: 'fail-before' } : undefined,
    )
    const { given, keep, clock } = bench(store)
    const runs: string[] = []
    const work = (to: string) => {
      runs.push(to)
      isDown = true
    }
    const tasks = { work: task<string>({ delivery: 'at-most-once' }) }
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    await queue.start()
    const { id } = await queue.enqueue('work', 'ada')
    await until(() => isDown)
    queue.on('warning', ({ message }) => {
      // The last try has failed: what comes after it is taken again.
      if (message === `Cannot settle job "${id}"`) isDown = false
    })
    await stopped(queue, clock)
    await queue.start()
    await passing(clock, 2_000)
    expect(runs).toEqual(['ada'])
    expect(await queue.get(id)).toMatchObject({ state: 'dead', reason: 'maybe-ran', attempt: 1 })
  })

  it('ends although enqueues follow each other without a pause', async () => {
    const inner = memoryStore()
    const store: StoreFactory = (name) => {
      const own = inner(name)
      const commit: typeof own.commit = async (...given) => {
        await turns(1)
        return own.commit(...given)
      }
      return { ...own, commit }
    }
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), handlers: { work: () => undefined } }))
    await queue.start()
    let count = 0
    let isStopped = false
    const loading = (async () => {
      for (; count < 1_000 && !isStopped; count++) await queue.enqueue('work')
    })()
    await until(() => count > 10)
    await queue.stop({ graceMs: 0 })
    isStopped = true
    await loading
    expect(count).toBeLessThan(1_000)
  })

  it('does not let a handler that ignored it write any more', async () => {
    const { given, keep } = bench()
    const [first, second] = [gate<string>(), gate<string>()]
    const runs = [first, second]
    const queue = keep(createQueue({ ...given(), handlers: { work: () => runs.shift()?.promise ?? 'none' } }))
    const warnings = record(queue, 'warning')
    const { id } = await queue.enqueue('work')
    await queue.start()
    await queue.stop({ graceMs: 0 })
    expect((await queue.info()).worker).toMatchObject({ running: 1, stuck: 1 })
    await queue.start()
    first.open('first')
    await turns()
    expect(await queue.get(id)).toMatchObject({ state: 'running', attempt: 2 })
    second.open('second')
    expect(await queue.result(id)).toBe('second')
    expect(warnings).toEqual([])
  })
})

describe('a handler that ignores its signal', () => {
  it('keeps its slot until it settles, and info counts it as stuck', async () => {
    const { given, keep, clock } = bench()
    const held = gate()
    const tasks = defineTasks({ hang: task({ timeoutMs: 1_000, retry: { maxAttempts: 1 } }), ping: task() })
    const handlers = { hang: () => held.promise, ping: () => undefined }
    const queue = keep(createQueue({ ...given({ worker: { concurrency: 1 } }), tasks, handlers }))
    const { id } = await queue.enqueue('hang')
    await queue.start()
    const ping = await queue.enqueue('ping')
    clock.advance(1_000)
    await turns()
    expect((await queue.info()).worker).toMatchObject({ running: 1, stuck: 1 })
    expect(await queue.why(ping.id)).toMatchObject({ reason: 'busy' })
    held.open()
    await queue.result(ping.id)
    expect(await queue.get(id)).toMatchObject({ state: 'completed' })
    expect((await queue.info()).worker).toMatchObject({ running: 0, stuck: 0 })
  })
})

describe('close', () => {
  it('gives back what runs, and rejects every call from then on as closed', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { wait: () => never } }))
    const { id } = await queue.enqueue('wait')
    await queue.start()
    const view = queue.view()
    await queue.close()
    await queue.close()
    const calls = {
      enqueue: () => queue.enqueue('wait'),
      enqueueAll: () => queue.enqueueAll([{ kind: 'wait', payload: undefined }]),
      start: () => queue.start(),
      drain: () => queue.drain(),
      pause: () => queue.pause(),
      resume: () => queue.resume(),
      get: () => queue.get(id),
      payload: () => queue.payload(id),
      list: () => queue.list(),
      deadLetters: () => queue.deadLetters(),
      info: () => queue.info(),
      why: () => queue.why(id),
      result: () => queue.result(id),
      cancel: () => queue.cancel(id),
      redrive: () => queue.redrive(id),
      edit: () => queue.edit(id, undefined),
      remove: () => queue.remove(id),
      flush: () => queue.flush(),
      rejectedAcks: () => queue.rejectedAcks(),
      destroy: () => queue.destroy(),
    }
    for (const [name, call] of Object.entries(calls)) {
      await expect(call(), name).rejects.toMatchObject({ code: 'closed' })
    }
    queue.wake()
    await queue.leave()
    await queue.stop()
    expect(view.getSnapshot()).toHaveLength(1)
    const other = keep(createQueue({ ...given(), handlers: { wait: () => 'done' } }))
    expect(await other.get(id)).toMatchObject({ state: 'pending', releases: 1, errors: 0, crashes: 0 })
  })

  it('rejects what waits, and works with await using', async () => {
    const { given } = bench()
    let waiting: Promise<unknown> | undefined
    {
      await using queue = createQueue({ ...given(), handlers: { ping: () => undefined } })
      const { id } = await queue.enqueue('ping')
      waiting = queue.result(id)
      waiting.catch(() => undefined)
    }
    await expect(waiting).rejects.toMatchObject({ code: 'closed' })
  })
})
