import { describe, expect, it } from 'vitest'
import {
  createQueue,
  defineTasks,
  type JobContext,
  memoryStore,
  QueueError,
  task,
} from '../../../src/index.ts'
import type { Store, StoreFactory } from '../../../src/store/contract.ts'
import { type Fault, type FaultyOperation, faultyStore } from '../../../src/testing/faulty-store.ts'
import { manualClock } from '../../../src/testing/manual-clock.ts'
import { bench, gate, passing, record, turns, until, untilLater } from '../queue/bench.ts'

const tasks = defineTasks({ work: task<unknown, string>() })

/** A store whose next operation of a method fails in the given way. */
function scripted(inner: StoreFactory = memoryStore()) {
  const next: { method: FaultyOperation['method']; fault: Fault; handle?: number }[] = []
  const store = faultyStore(inner, ({ method, handle }) => {
    const place = next.findIndex((each) => each.method === method && (each.handle ?? handle) === handle)
    return place < 0 ? undefined : next.splice(place, 1)[0]?.fault
  })
  const fail = (method: FaultyOperation['method'], fault: Fault, handle?: number) =>
    next.push({ method, fault, ...(handle !== undefined && { handle }) })
  return { store, fail }
}

describe('a full origin', () => {
  const grows: Fault = { type: 'quota', over: ({ put = [] }) => put.length > 0 }

  it('refuses enqueues alone: what is settled, cancelled and removed with them goes on', async () => {
    const store = faultyStore(
      memoryStore(),
      ({ method }) => (method === 'commit' ? isFull && grows : false) || undefined,
    )
    let isFull = false
    const { given, keep } = bench(store)
    const held = gate<string>()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => held.promise } }))
    const heard = record(queue, 'store')
    const running = await queue.enqueue('work', 'a')
    await queue.start()
    const [cancelled, removed] = [
      await queue.enqueue('work', new Uint8Array(5), { delayMs: 1_000 }),
      await queue.enqueue('work', new Uint8Array(5), { delayMs: 1_000 }),
    ]
    isFull = true
    held.open('done')
    const outcomes = await Promise.allSettled([
      queue.enqueue('work', new Uint8Array(5)),
      queue.cancel(cancelled.id),
      queue.remove(removed.id),
      queue.enqueue('work', new Uint8Array(5)),
      queue.edit(cancelled.id, new Uint8Array(6)),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ])
    expect(outcomes[0]).toMatchObject({ reason: { code: 'quota-exceeded' } })
    expect(await queue.result(running.id)).toBe('done')
    expect(heard.map(([, event]) => (event as { state: string }).state)).toContain('quota')
    isFull = false
    expect(await queue.enqueue('work', new Uint8Array(5))).toMatchObject({ outcome: 'created' })
  })

  it('keeps settling until there is room, and loses nothing', async () => {
    let isFull = false
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'commit' && isFull ? { type: 'quota' } : undefined,
    )
    const { given, keep, clock } = bench(store)
    const held = gate<string>()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => held.promise } }))
    const warnings = record(queue, 'warning')
    const { id } = await queue.enqueue('work', 'a')
    await queue.start()
    isFull = true
    held.open('done')
    await passing(clock, 5_000)
    expect(await queue.get(id)).toMatchObject({ state: 'running' })
    expect(warnings[0]).toMatchObject(['warning', { id, cause: { code: 'quota-exceeded' } }])
    isFull = false
    await untilLater(clock, async () => (await queue.get(id))?.state === 'completed')
    expect((await queue.get(id))?.attempt).toBe(1)
  })
})

describe('a commit that fails', () => {
  it('is tried again, and its callers never notice', async () => {
    const { store, fail } = scripted()
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    for (let pass = 0; pass < 3; pass++) fail('commit', { type: 'fail-before' })
    const enqueued = queue.enqueue('work', 'a')
    await passing(clock, 8_000)
    expect(await enqueued).toMatchObject({ outcome: 'created' })
    expect((await queue.info()).counts.pending).toBe(1)
  })

  it('again and again rejects, and surely did not happen', async () => {
    let isDown = true
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'commit' && isDown ? { type: 'fail-before' } : undefined,
    )
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    const enqueued = queue.enqueue('work', 'a')
    enqueued.catch(() => undefined)
    await passing(clock, 8_000)
    await expect(enqueued).rejects.toMatchObject({ code: 'store-failed' })
    isDown = false
    await queue.enqueue('work', 'b')
    expect((await queue.info()).counts.pending).toBe(1)
  })

  it('whose answer was lost is looked up: it is there once, and the call succeeds', async () => {
    const { store, fail } = scripted()
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    await queue.info()
    fail('commit', { type: 'lose-answer' })
    const enqueued = queue.enqueue('work', 'a', { dedupeKey: 'a' })
    await passing(clock, 3_000)
    expect(await enqueued).toMatchObject({ outcome: 'created' })
    expect((await queue.list()).jobs).toHaveLength(1)
  })

  it('whose answer was lost is found also when others wrote since, and when the log was truncated', async () => {
    const { store, fail } = scripted()
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    // Its time is its own: a checkpoint is written once it was quiet for a while.
    const time = manualClock()
    const other = keep(createQueue({ ...given({ clock: time }), tasks }))
    await queue.info()
    fail('commit', { type: 'lose-answer' }, 0)
    const enqueued = queue.enqueue('work', 'mine')
    await turns()
    // More than a checkpoint's worth: the entry itself is gone when it is looked for.
    for (let pass = 0; pass < 3; pass++) {
      await other.enqueueAll(
        Array.from({ length: 600 }, (_, payload) => ({ kind: 'work' as const, payload })),
      )
    }
    time.advance(100)
    await turns()
    expect(store.counts.checkpoint).toBeGreaterThan(0)
    await passing(clock, 1_000)
    const { id } = await enqueued
    expect(await queue.payload(id)).toBe('mine')
    expect((await queue.info()).counts.pending).toBe(1_801)
  })

  it('whose answer is lost again and again, though the log can be read, is store-failed, and certain', async () => {
    let isBroken = false
    const store: StoreFactory = (name) => {
      const inner = memoryStore()(name)
      const lost = new QueueError('store-failed', 'Cannot write: no answer came', { uncertain: true })
      const commit: Store['commit'] = (...given) => (isBroken ? Promise.reject(lost) : inner.commit(...given))
      return { ...inner, commit }
    }
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    await queue.enqueue('work', 'kept')
    isBroken = true
    const refused = queue.enqueue('work', 'refused')
    refused.catch(() => undefined)
    await passing(clock, 5_000)
    await expect(refused).rejects.toMatchObject({ code: 'store-failed', uncertain: false })
    isBroken = false
    await queue.enqueue('work', 'again')
    expect((await queue.info()).counts.pending).toBe(2)
  })

  it('whose answer was lost, and that cannot be looked up, is outcome-unknown', async () => {
    let isGone = false
    const store = faultyStore(memoryStore(), ({ method }) => {
      if (isGone && (method === 'read' || method === 'load')) return { type: 'fail-before' }
      if (method !== 'commit' || !isGone) return undefined
      return { type: 'lose-answer' }
    })
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    await queue.info()
    isGone = true
    const enqueued = queue.enqueue('work', 'a')
    enqueued.catch(() => undefined)
    await passing(clock, 5_000)
    await expect(enqueued).rejects.toMatchObject({ code: 'outcome-unknown', cause: { code: 'store-failed' } })
    isGone = false
  })

  it('heals: a claim whose fate stayed unknown is given back and run, its holder not being a crash', async () => {
    let isGone = false
    const store = faultyStore(memoryStore(), ({ method }) => {
      if (isGone && (method === 'read' || method === 'load')) return { type: 'fail-before' }
      return isGone && method === 'commit' ? { type: 'lose-answer' } : undefined
    })
    const { given, keep, clock } = bench(store)
    const runs: number[] = []
    const work = (_: unknown, { attempt }: JobContext) => String(runs.push(attempt))
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    await queue.start()
    isGone = true
    const enqueued = queue.enqueue('work', 'a')
    enqueued.catch(() => undefined)
    await passing(clock, 5_000)
    await expect(enqueued).rejects.toMatchObject({ code: 'outcome-unknown' })
    expect(runs).toEqual([])
    isGone = false
    await untilLater(clock, async () => (await queue.info()).counts.completed === 1)
    expect(runs).toEqual([2])
    expect((await queue.list()).jobs).toMatchObject([{ attempt: 2, crashes: 0, errors: 0, releases: 0 }])
  })

  it('because another context was first is decided anew, on the truth', async () => {
    const { given, keep } = bench()
    const queues = Array.from({ length: 4 }, () => keep(createQueue({ ...given(), tasks })))
    const outcomes = await Promise.all(
      queues.flatMap((queue) => [1, 2, 3].map(() => queue.enqueue('work', 'a', { dedupeKey: 'one' }))),
    )
    expect(outcomes.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
    expect(new Set(outcomes.map(({ id }) => id)).size).toBe(1)
  })

  it('never lets two contexts win the same job', async () => {
    const { given, keep } = bench()
    const runs: string[] = []
    const work = (_: unknown, { id, epoch }: JobContext) => {
      runs.push(`${id} ${epoch}`)
      return 'done'
    }
    const queues = Array.from({ length: 4 }, () =>
      keep(createQueue({ ...given(), tasks, handlers: { work } })),
    )
    const [first] = queues
    await first?.enqueueAll(Array.from({ length: 200 }, (_, payload) => ({ kind: 'work' as const, payload })))
    const results = await Promise.all(queues.map((queue) => queue.drain()))
    expect(results.reduce((sum, { completed }) => sum + completed, 0)).toBe(200)
    expect(new Set(runs).size).toBe(200)
    expect(runs).toHaveLength(200)
  })
})

describe('a connection that dies', () => {
  it('underneath a running job is opened again, and the job completes once', async () => {
    let isDead = false
    // As with cleared site data or a broken backing store, every call fails until another connection is there.
    const store = faultyStore(memoryStore(), () => (isDead ? { type: 'fail-before' } : undefined))
    const { given, keep, clock } = bench(store)
    const held = gate<string>()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => held.promise } }))
    const heard = record(queue, 'store')
    const { id } = await queue.enqueue('work', 'a')
    await queue.start()
    isDead = true
    held.open('done')
    await turns()
    isDead = false
    await untilLater(clock, async () => (await queue.get(id))?.state === 'completed')
    expect(await queue.get(id)).toMatchObject({ attempt: 1, result: 'done' })
    const states = heard.map(([, event]) => (event as { state: string }).state)
    expect(states.slice(0, 2)).toEqual(['opened', 'failing'])
    expect(states.at(-1)).toBe('recovered')
  })

  it('fails reads, which are taken up with the next hint or look', async () => {
    const { store, fail } = scripted()
    const { given, keep, clock } = bench(store)
    const watcher = keep(createQueue({ ...given(), tasks }))
    const queue = keep(createQueue({ ...given(), tasks }))
    const heard = record(watcher, 'enqueued', 'store')
    await watcher.info()
    fail('read', { type: 'fail-before' }, 0)
    await queue.enqueue('work', 'a')
    await until(() => heard.length === 2)
    await passing(clock, 1_000)
    await queue.enqueue('work', 'b')
    await until(() => heard.filter(([name]) => name === 'enqueued').length === 2)
    expect(heard.filter(([name]) => name === 'store').map(([, event]) => event)).toMatchObject([
      { state: 'opened' },
      { state: 'failing' },
      { state: 'recovered' },
    ])
  })
})

describe('a hint', () => {
  it('that comes while the log is being read is heard', async () => {
    const inner = memoryStore()
    const reading = gate()
    const store: StoreFactory = (name) => {
      const opened = inner(name)
      const load = async () => {
        const snapshot = await opened.load()
        await reading.promise
        return snapshot
      }
      return isSlow ? { ...opened, load } : opened
    }
    let isSlow = true
    const { given, keep } = bench(store)
    const watcher = keep(createQueue({ ...given(), tasks }))
    const listing = watcher.list()
    isSlow = false
    const queue = keep(createQueue({ ...given(), tasks }))
    await turns()
    await queue.enqueue('work', 'a')
    reading.open(undefined)
    expect((await listing).jobs).toEqual([])
    await until(async () => (await watcher.list()).jobs.length === 1)
  })
})

describe('a log', () => {
  it('that was made anew is noticed: what was held is lost, and the queue goes on', async () => {
    const store = memoryStore()
    const { given, keep } = bench(store)
    const contexts: AbortSignal[] = []
    const work = (_: unknown, { signal }: JobContext) =>
      new Promise<string>((_, reject) => {
        contexts.push(signal)
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    const heard = record(queue, 'store', 'warning')
    const { id } = await queue.enqueue('work', 'a')
    const result = queue.result(id)
    result.catch(() => undefined)
    await queue.start()
    await until(() => contexts.length === 1)
    await store('mail').destroy()
    await until(() => heard.some(([, event]) => (event as { state?: string }).state === 'replaced'))
    expect(contexts[0]?.reason).toMatchObject({ code: 'lease-lost' })
    await expect(result).rejects.toMatchObject({ code: 'job-cancelled' })
    expect(await queue.enqueue('work', 'b')).toMatchObject({ outcome: 'created' })
    await until(() => contexts.length === 2)
    expect(heard.filter(([name]) => name === 'warning')).toEqual([])
  })

  it('written by a newer version stops the queue cleanly: what it held counts as released', async () => {
    const store = memoryStore()
    const { given, keep, clock } = bench(store)
    const signals: AbortSignal[] = []
    const work = (_: unknown, { signal }: JobContext) =>
      new Promise<string>((_, reject) => {
        signals.push(signal)
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    const heard = record(queue, 'store', 'warning')
    await queue.enqueue('work', 'a')
    await queue.start()
    const { name } = (await queue.info()).worker
    await until(() => signals.length === 1)
    const handle = store('mail')
    await append(handle, JSON.stringify({ v: 2, at: clock.now(), events: [] }))
    await until(() => heard.some(([, event]) => (event as { state?: string }).state === 'down'))
    expect(signals[0]?.aborted).toBe(true)
    expect((await handle.load()).byes).toEqual([name])
    await handle.close()
    for (const call of [
      () => queue.enqueue('work', 'b'),
      () => queue.info(),
      () => queue.start(),
      () => queue.drain(),
      () => queue.list(),
      () => queue.pause(),
      () => queue.result('any'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'version-ahead' })
    }
    await turns()
    expect(clock.timers).toBe(0)
    expect(heard.filter(([event]) => event === 'warning')).toEqual([])
    const late = keep(createQueue({ ...given(), tasks }))
    await expect(late.enqueue('work', 'c')).rejects.toMatchObject({ code: 'version-ahead' })
  })

  it('that is not as it was written is store-corrupt', async () => {
    const store = memoryStore()
    const { given, keep } = bench(store)
    const handle = store('mail')
    await append(handle, 'not JSON')
    await handle.close()
    const queue = keep(createQueue({ ...given(), tasks }))
    await expect(queue.enqueue('work', 'a')).rejects.toMatchObject({ code: 'store-corrupt' })
    await expect(queue.info()).rejects.toMatchObject({ code: 'store-corrupt' })
  })
})

describe('close', () => {
  it('does not wait until a failing store is tried again', async () => {
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'commit' ? { type: 'fail-before' } : undefined,
    )
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    const enqueued = queue.enqueue('work', 'a')
    enqueued.catch(() => undefined)
    await until(() => store.counts.commit === 1)
    await queue.close()
    await expect(enqueued).rejects.toMatchObject({ code: 'store-failed' })
    expect(clock.timers).toBe(0)
  })
})

describe('a stalled store', () => {
  it('holds up commits alone: readers get the last committed state at once', async () => {
    const stall = gate()
    const { store, fail } = scripted()
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    const { id } = await queue.enqueue('work', 'a')
    fail('commit', { type: 'stall', until: stall.promise })
    const waiting = queue.enqueue('work', 'b')
    expect((await queue.list()).jobs.map((job) => job.id)).toEqual([id])
    expect((await queue.info()).counts.pending).toBe(1)
    expect(queue.view().getSnapshot()).toHaveLength(1)
    stall.open()
    await waiting
  })

  it('while it loads makes enqueues wait, and loses none', async () => {
    const stall = gate()
    const { store, fail } = scripted()
    const { given, keep } = bench(store)
    fail('load', { type: 'stall', until: stall.promise })
    const queue = keep(createQueue({ ...given(), tasks }))
    const all = Promise.all([1, 2, 3].map((payload) => queue.enqueue('work', payload)))
    await turns()
    stall.open()
    expect(await all).toHaveLength(3)
    expect(store.counts.commit).toBe(1)
  })
})

describe('a payload that cannot be read', () => {
  it('puts its job off for a moment, and charges nothing', async () => {
    const { store, fail } = scripted()
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    const warnings = record(queue, 'warning')
    fail('payload', { type: 'fail-before' })
    const { id } = await queue.enqueue('work', new Uint8Array(1))
    await queue.drain()
    expect(await queue.get(id)).toMatchObject({ state: 'pending', errors: 0 })
    expect(warnings).toMatchObject([['warning', { id }]])
    clock.advance(1_000)
    await queue.drain()
    expect(await queue.result(id)).toBe('done')
  })
})

async function append(handle: Store, body: string): Promise<void> {
  const { log, mark, entries } = await handle.load()
  await handle.commit({ log, seq: mark + entries.length }, () => ({
    id: 'other:1',
    body,
    durability: 'strict',
  }))
}
