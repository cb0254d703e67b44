import { describe, expect, it } from 'vitest'
import { createQueue, defineTasks, FatalError, type JobContext, task } from '../../../src/index.ts'
import { bench, gate, passing, record, turns, until } from './bench.ts'

const tasks = defineTasks({ work: task<string, string>(), other: task<string, string>() })

/** Handlers that note what runs, in order. */
function noting() {
  const seen: string[] = []
  const note = (text: string) => {
    seen.push(text)
    return text
  }
  return { seen, handlers: { work: note, other: note } }
}

describe('order', () => {
  it('is that of enqueueing, unless priority says otherwise, which waiting makes up for', async () => {
    const { given, keep, clock } = bench()
    const { seen, handlers } = noting()
    const queue = keep(
      createQueue({ ...given({ worker: { concurrency: 1, boostMs: 1_000 } }), tasks, handlers }),
    )
    await queue.enqueue('work', 'old')
    clock.advance(5_000)
    await queue.enqueue('work', 'first')
    await queue.enqueue('other', 'second')
    await queue.enqueue('work', 'urgent', { priority: 4 })
    await queue.enqueue('work', 'whenever', { priority: -1 })
    await queue.drain()
    expect(seen).toEqual(['old', 'urgent', 'first', 'second', 'whenever'])
  })

  it('runs nothing before its time', async () => {
    const { given, keep, clock } = bench()
    const { seen, handlers } = noting()
    const queue = keep(createQueue({ ...given(), tasks, handlers }))
    await queue.start()
    await queue.enqueue('work', 'delayed', { delayMs: 1_000 })
    await queue.enqueue('work', 'dated', { availableAt: clock.now() + 2_000 })
    await queue.enqueue('work', 'long ago', { availableAt: 5 })
    await turns()
    expect(seen).toEqual(['long ago'])
    await passing(clock, 1_000)
    expect(seen).toEqual(['long ago', 'delayed'])
    await passing(clock, 1_000)
    expect(seen).toEqual(['long ago', 'delayed', 'dated'])
  })

  it('is kept within a key, across kinds and contexts, and a head that backs off holds up only its own', async () => {
    const { given, keep, clock } = bench()
    const seen: string[] = []
    let failures = 1
    const note = (text: string) => {
      seen.push(text)
      if (text === 'a1' && failures-- > 0) throw new Error('not yet')
      return text
    }
    const handlers = { work: note, other: note }
    const one = keep(createQueue({ ...given(), tasks, handlers }))
    const two = keep(createQueue({ ...given(), tasks, handlers }))
    await one.enqueue('work', 'a1', { key: 'a' })
    await two.enqueue('other', 'a2', { key: 'a' })
    await one.enqueue('work', 'b1', { key: 'b' })
    const { id } = await one.enqueue('work', 'a3', { key: 'a' })
    await Promise.all([one.start(), two.start()])
    await turns()
    expect(seen).toEqual(['a1', 'b1'])
    expect(await one.why(id)).toMatchObject({ reason: 'behind', key: 'a', headState: 'pending' })
    await passing(clock, 2_000)
    expect(seen).toEqual(['a1', 'b1', 'a1', 'a2', 'a3'])
  })

  it.each(['free', 'block'] as const)('after a head of a key died: deadHead %s', async (deadHead) => {
    const { given, keep, clock } = bench()
    const blocking = defineTasks({ work: task<string, string>({ deadHead }) })
    const seen: string[] = []
    const work = (text: string) => {
      seen.push(text)
      if (text === 'bad') throw new FatalError('never')
      return text
    }
    const queue = keep(createQueue({ ...given(), tasks: blocking, handlers: { work } }))
    await queue.pause()
    const bad = await queue.enqueue('work', 'bad', { key: 'a' })
    const expired = await queue.enqueue('work', 'expired', { key: 'b', expiresInMs: 1_000 })
    const [next, after] = [
      await queue.enqueue('work', 'next', { key: 'a' }),
      await queue.enqueue('work', 'after', { key: 'b' }),
    ]
    clock.advance(1_000)
    await queue.resume()
    await queue.drain()
    if (deadHead === 'free') {
      expect(seen).toEqual(['bad', 'after', 'next'])
      return
    }
    expect(seen).toEqual(['bad'])
    expect(await queue.why(next.id)).toEqual({ reason: 'blocked-by-dead', key: 'a', head: bad.id })
    expect(await queue.why(after.id)).toEqual({ reason: 'blocked-by-dead', key: 'b', head: expired.id })
    await queue.remove(bad.id)
    await queue.remove(expired.id)
    await queue.drain()
    expect(seen).toEqual(['bad', 'next', 'after'])
  })
})

describe('limits', () => {
  it('concurrency is one context’s, maxRunning a kind’s and the queue’s over all contexts', async () => {
    const { given, keep } = bench()
    const limited = defineTasks({
      work: task<string, string>({ maxRunning: 3 }),
      other: task<string, string>(),
    })
    const held = gate<string>()
    const handlers = { work: () => held.promise, other: () => held.promise }
    const options = given({ worker: { concurrency: 4 }, limits: { maxRunning: 5 } })
    const [one, two] = [
      keep(createQueue({ ...options, tasks: limited, handlers })),
      keep(createQueue({ ...options, tasks: limited, handlers })),
    ]
    await one.enqueueAll(Array.from({ length: 6 }, () => ({ kind: 'work' as const, payload: 'w' })))
    await one.start()
    await two.start()
    await turns()
    expect((await two.info()).counts.running).toBe(3)
    const last = (await one.list({ state: 'pending' })).jobs.at(-1)
    expect(await one.why(String(last?.id))).toEqual({
      reason: 'limit',
      scope: 'kind',
      maxRunning: 3,
      running: 3,
    })
    await one.enqueueAll(Array.from({ length: 6 }, () => ({ kind: 'other' as const, payload: 'o' })))
    await two.enqueue('other', 'o')
    await turns()
    const { counts } = await two.info()
    expect(counts.running).toBe(5)
    const other = (await two.list({ state: 'pending', kind: 'other' })).jobs[0]
    expect(await two.why(String(other?.id))).toMatchObject({ reason: 'limit', scope: 'queue', running: 5 })
    for (const queue of [one, two]) expect((await queue.info()).worker.running).toBeLessThanOrEqual(4)
    held.open('done')
    await until(async () => (await one.info()).counts.pending === 0)
  })

  it('a kind without a handler here is not claimed here, and why says so', async () => {
    const { given, keep } = bench()
    const { handlers } = noting()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: handlers.work } }))
    const { id } = await queue.enqueue('other', 'a')
    expect(await queue.drain()).toMatchObject({ completed: 0, remaining: 1 })
    expect(await queue.why(id)).toEqual({ reason: 'no-handler' })
    const runner = keep(createQueue({ ...given(), tasks, handlers }))
    expect(await runner.why(id)).toEqual({ reason: 'no-worker' })
    await runner.drain()
    expect(await runner.why(id)).toEqual({ reason: 'finished', state: 'completed' })
  })

  it('expiry sends a job to the dead letters wherever it stands in line', async () => {
    const { given, keep, clock } = bench()
    const { seen, handlers } = noting()
    const queue = keep(createQueue({ ...given(), tasks, handlers }))
    const head = await queue.enqueue('work', 'head', { key: 'a', delayMs: 60_000 })
    const inLine = await queue.enqueue('work', 'in line', { key: 'a', expiresInMs: 1_000 })
    const never = await queue.enqueue('work', 'never', { expiresInMs: 0 })
    await queue.start()
    await passing(clock, 1_000)
    expect(await queue.get(inLine.id)).toMatchObject({ state: 'dead', reason: 'expired' })
    expect(await queue.get(never.id)).toMatchObject({ state: 'dead', reason: 'expired', attempt: 0 })
    expect(await queue.get(head.id)).toMatchObject({ state: 'pending' })
    expect(seen).toEqual([])
  })
})

describe('dedupe', () => {
  const options = { dedupeKey: 'a' } as const

  it('keeps the first while it counts, and tells which it is', async () => {
    const { given, keep } = bench()
    const { handlers } = noting()
    const queue = keep(createQueue({ ...given(), tasks, handlers }))
    const first = await queue.enqueue('work', 'one', options)
    expect(await queue.enqueue('work', 'two', options)).toEqual({ ...first, outcome: 'duplicate' })
    expect(await queue.enqueue('other', 'two', options)).toMatchObject({ outcome: 'created' })
    expect(await queue.payload(first.id)).toBe('one')
    await queue.drain()
    expect(await queue.enqueue('work', 'three', options)).toMatchObject({ outcome: 'created' })
  })

  it('counts in the states asked for, or for a time', async () => {
    const { given, keep, clock } = bench()
    const { handlers } = noting()
    const queue = keep(createQueue({ ...given(), tasks, handlers }))
    const done = { dedupeKey: 'done', while: ['completed'] } as const
    await queue.enqueue('work', 'one', done)
    expect(await queue.enqueue('work', 'two', done)).toMatchObject({ outcome: 'created' })
    await queue.drain()
    expect(await queue.enqueue('work', 'three', done)).toMatchObject({ outcome: 'duplicate' })
    const timed = { dedupeKey: 'timed', dedupeMs: 60_000 } as const
    await queue.enqueue('work', 'one', timed)
    await queue.drain()
    clock.advance(59_999)
    expect(await queue.enqueue('work', 'two', timed)).toMatchObject({ outcome: 'duplicate' })
    clock.advance(1)
    expect(await queue.enqueue('work', 'three', timed)).toMatchObject({ outcome: 'created' })
  })

  it('replaces the payload of a waiting job, beside the log and in it', async () => {
    const { given, keep, store } = bench()
    const both = defineTasks({ work: task<unknown, string>() })
    const queue = keep(createQueue({ ...given(), tasks: both }))
    const replace = { ...options, onDuplicate: 'replace' } as const
    const { id } = await queue.enqueue('work', new Uint8Array([1]), replace)
    expect(await queue.enqueue('work', new Uint8Array([2]), replace)).toMatchObject({
      id,
      outcome: 'replaced',
    })
    expect(await queue.payload(id)).toEqual(new Uint8Array([2]))
    expect(await queue.enqueue('work', 'small', replace)).toMatchObject({ id, outcome: 'replaced' })
    expect(await queue.payload(id)).toBe('small')
    expect(await queue.get(id)).toMatchObject({ revision: 3, payloadBytes: 0 })
    const handle = store('mail')
    expect(await handle.payload(id)).toBeUndefined()
    await handle.close()
  })

  it('debounces: each enqueue puts the job off, up to debounceMaxMs from the first', async () => {
    const { given, keep, clock } = bench()
    const { seen, handlers } = noting()
    const queue = keep(createQueue({ ...given(), tasks, handlers }))
    const debounce = { ...options, onDuplicate: 'debounce', delayMs: 1_000, debounceMaxMs: 2_500 } as const
    const start = clock.now()
    const { id } = await queue.enqueue('work', '0', debounce)
    for (let pass = 1; pass < 4; pass++) {
      clock.advance(800)
      expect(await queue.enqueue('work', String(pass), debounce)).toMatchObject({ id, outcome: 'debounced' })
    }
    expect((await queue.get(id))?.availableAt).toBe(start + 2_500)
    clock.advance(100)
    await queue.drain()
    expect(seen).toEqual(['3'])
  })

  it.each(['replace', 'debounce', 'queue-one'] as const)(
    'with %s makes one follower of a running job, which never overtakes it',
    async (onDuplicate) => {
      const { given, keep } = bench()
      const [held, keys] = [gate<string>(), [] as string[]]
      const seen: string[] = []
      const work = async (text: string, job: JobContext) => {
        keys.push(job.idempotencyKey)
        seen.push(text)
        if (text === 'one') await held.promise
        return text
      }
      const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
      const again = { ...options, onDuplicate }
      const first = await queue.enqueue('work', 'one', again)
      await queue.start()
      const second = await queue.enqueue('work', 'two', again)
      expect(second).toMatchObject({ outcome: 'queued' })
      expect(second.id).not.toBe(first.id)
      const third = await queue.enqueue('work', 'three', again)
      const outcome = { replace: 'replaced', debounce: 'debounced', 'queue-one': 'duplicate' }[onDuplicate]
      expect(third).toMatchObject({ id: second.id, outcome })
      await turns()
      expect(seen).toEqual(['one'])
      expect(await queue.why(second.id)).toMatchObject({
        reason: 'behind',
        head: first.id,
        headState: 'running',
      })
      held.open('done')
      await queue.result(second.id)
      expect(seen).toEqual(['one', onDuplicate === 'queue-one' ? 'two' : 'three'])
    },
  )
})

describe('at most once', () => {
  const once = defineTasks({
    pay: task<string, string>({ delivery: 'at-most-once' }),
    work: task<string, string>(),
  })

  it('is started once: a failure, a release or a loss after that is dead as maybe-ran', async () => {
    const { given, keep } = bench()
    const fail = () => {
      throw new Error('who knows')
    }
    const queue = keep(createQueue({ ...given(), tasks: once, handlers: { pay: fail } }))
    const failed = await queue.enqueue('pay', 'a')
    await queue.drain()
    expect(await queue.get(failed.id)).toMatchObject({ state: 'dead', reason: 'maybe-ran', attempt: 1 })
    const hanging = keep(
      createQueue({ ...given(), tasks: once, handlers: { pay: () => new Promise<string>(() => undefined) } }),
    )
    const released = await hanging.enqueue('pay', 'b')
    await hanging.start()
    await hanging.stop({ graceMs: 0 })
    expect(await hanging.get(released.id)).toMatchObject({ state: 'dead', reason: 'maybe-ran' })
    const left = await hanging.enqueue('pay', 'c')
    await hanging.start()
    await hanging.leave()
    const heir = keep(createQueue({ ...given(), tasks: once, handlers: { pay: () => 'done' } }))
    await heir.start()
    await until(async () => (await heir.get(left.id))?.state === 'dead')
    expect(await heir.get(left.id)).toMatchObject({ reason: 'maybe-ran' })
  })

  it('is claimed right after the entry that brings it, also when another job was claimed with that', async () => {
    const { given, keep } = bench()
    const held = gate<string>()
    const handlers = { pay: () => 'paid', work: () => held.promise }
    const queue = keep(createQueue({ ...given(), tasks: once, handlers }))
    await queue.start()
    const heard = record(queue, 'started')
    const [work, pay] = await queue.enqueueAll([
      { kind: 'work', payload: 'a' },
      { kind: 'pay', payload: 'b' },
    ])
    expect(await queue.result(String(pay?.id))).toBe('paid')
    expect(heard.map(([, event]) => (event as { id: string }).id)).toEqual([work?.id, pay?.id])
    held.open('done')
  })
})

describe('version and migrate', () => {
  it('hand an older payload to migrate, and send what it throws at to the dead letters', async () => {
    const { given, keep } = bench()
    const old = createQueue({ ...given(), tasks: defineTasks({ greet: task<string>() }) })
    const [good, bad] = [await old.enqueue('greet', 'Ada'), await old.enqueue('greet', '')]
    await old.close()
    const versions: number[] = []
    const greet = task<{ name: string }, string>({
      version: 3,
      migrate(payload, from) {
        versions.push(from)
        if (payload === '') throw new Error('no name')
        return { name: String(payload) }
      },
    })
    const queue = keep(
      createQueue({ ...given(), tasks: { greet }, handlers: { greet: ({ name }) => `Hello, ${name}` } }),
    )
    const fresh = await queue.enqueue('greet', { name: 'Eve' })
    await queue.drain()
    expect(await queue.result(good.id)).toBe('Hello, Ada')
    expect(await queue.result(fresh.id)).toBe('Hello, Eve')
    expect(versions).toEqual([1, 1])
    expect(await queue.get(bad.id)).toMatchObject({
      state: 'dead',
      reason: 'migration-failed',
      failures: [{ message: 'no name', charged: true }],
    })
  })

  it('leave a payload of a newer version to a context that knows it', async () => {
    const { given, keep, clock } = bench()
    const newer = createQueue({
      ...given(),
      tasks: defineTasks({ greet: task<{ name: string }>({ version: 2 }) }),
    })
    const { id } = await newer.enqueue('greet', { name: 'Ada' })
    await newer.close()
    const seen: unknown[] = []
    const older = createQueue({
      ...given(),
      tasks: defineTasks({ greet: task<string, string>() }),
      handlers: { greet: (name) => void seen.push(name) as unknown as string },
    })
    const warnings = record(older, 'warning')
    await older.drain()
    expect(seen).toEqual([])
    expect(warnings).toMatchObject([
      ['warning', { id, message: expect.stringMatching(/version 2.*version 1/) }],
    ])
    expect(await older.get(id)).toMatchObject({ state: 'pending', errors: 0 })
    await older.close()
    clock.advance(60_000)
    const again = keep(
      createQueue({
        ...given(),
        tasks: defineTasks({ greet: task<{ name: string }, string>({ version: 2 }) }),
        handlers: { greet: ({ name }) => name },
      }),
    )
    await again.drain()
    expect(await again.result(id)).toBe('Ada')
  })
})

describe('owners', () => {
  it('see, run, block and hold up nothing of each other’s', async () => {
    const { given, keep } = bench()
    const { seen, handlers } = noting()
    const ada = keep(createQueue({ ...given({ owner: 'ada', limits: { maxPending: 1 } }), tasks, handlers }))
    const eve = keep(createQueue({ ...given({ owner: 'eve' }), tasks, handlers }))
    const hers = await ada.enqueue('work', 'ada', { key: 'k', dedupeKey: 'd', delayMs: 60_000 })
    const { id, outcome } = await eve.enqueue('work', 'eve', { key: 'k', dedupeKey: 'd' })
    expect(outcome).toBe('created')
    await ada.pause()
    await eve.drain()
    expect(seen).toEqual(['eve'])
    for (const call of [
      () => eve.payload(hers.id),
      () => eve.why(hers.id),
      () => eve.cancel(hers.id),
      () => eve.redrive(hers.id),
      () => eve.edit(hers.id, 'x'),
      () => eve.remove(hers.id),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'not-found' })
    }
    expect(await eve.get(hers.id)).toBeUndefined()
    expect((await eve.list()).jobs.map((job) => job.id)).toEqual([id])
    expect((await ada.list()).jobs.map((job) => job.id)).toEqual([hers.id])
    expect((await eve.info()).counts).toMatchObject({ pending: 0, completed: 1 })
    expect((await eve.info()).paused).toBe(false)
    await expect(ada.enqueue('work', 'full')).rejects.toMatchObject({ code: 'backlog-full' })
    await eve.enqueue('work', 'room')
  })
})
