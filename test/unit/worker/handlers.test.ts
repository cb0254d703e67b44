import { describe, expect, it } from 'vitest'
import {
  type Clock,
  createQueue,
  defineTasks,
  FatalError,
  type JobContext,
  type JobView,
  RetryError,
  snooze,
  task,
} from '../../../src/index.ts'
import { bench, gate, record, turns, until } from '../queue/bench.ts'

describe('a handler', () => {
  it('is given what there is to know of its job', async () => {
    const { given, keep, clock } = bench()
    const seen: JobContext[] = []
    const tasks = defineTasks({ work: task<string>({ retry: { baseMs: 10, backoff: 'fixed' } }) })
    const work = (_: string, job: JobContext) => {
      seen.push({ ...job, signal: job.signal })
      if (seen.length === 1) throw new Error('once more')
    }
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    const at = clock.now()
    const { id } = await queue.enqueue('work', 'a', { key: 'line' })
    await queue.drain()
    clock.advance(10)
    await queue.drain()
    const [first, second] = seen
    expect(first).toMatchObject({ id, kind: 'work', key: 'line', attempt: 1, epoch: 1, enqueuedAt: at })
    expect(second).toMatchObject({ id, attempt: 2, epoch: 2, idempotencyKey: first?.idempotencyKey })
    expect(first?.signal).toBeInstanceOf(AbortSignal)
  })

  it('may take the functions out of what it is given, or spread it', async () => {
    const { given, keep } = bench()
    const work = ({ progress, checkpoint }: JobContext) => {
      progress(1)
      return checkpoint('far')
    }
    const queue = keep(
      createQueue({
        ...given(),
        handlers: { out: (_: string, job) => work(job), spread: (_: string, job) => work({ ...job }) },
      }),
    )
    for (const kind of ['out', 'spread'] as const) await queue.enqueue(kind, 'a')
    const heard = record(queue, 'progress')
    expect(await queue.drain()).toMatchObject({ completed: 2, failed: 0 })
    expect(heard).toHaveLength(2)
  })

  it('leaves one timer to all that run, and none when they are over', async () => {
    const { given, keep, clock } = bench()
    const [first, second] = [gate(), gate()]
    const tasks = defineTasks({ work: task<number>({ timeoutMs: 1_000 }) })
    const aborted: number[] = []
    const work = async (number: number, job: JobContext) => {
      job.signal.addEventListener('abort', () => aborted.push(number))
      await (number === 1 ? first.promise : second.promise)
    }
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work }, worker: { concurrency: 2 } }))
    await queue.start()
    const before = clock.timers
    await queue.enqueue('work', 1)
    await turns()
    clock.advance(600)
    await queue.enqueue('work', 2)
    await turns()
    expect(clock.timers).toBe(before + 1)
    clock.advance(400)
    await turns()
    expect(aborted).toEqual([1])
    clock.advance(600)
    await turns()
    expect(aborted).toEqual([1, 2])
    first.open()
    second.open()
    await turns()
    expect(clock.timers).toBe(before)
  })

  it('is timed out although the timer was lost, as those of a request in a Worker are with it: at the next entry, though no slot is free', async () => {
    const { given, keep, clock } = bench()
    let lost = 0
    const forgetful: Clock = {
      ...clock,
      setTimer(callback, ms) {
        if (ms !== 1_000 || lost > 0) return clock.setTimer(callback, ms)
        lost += 1
        return () => undefined
      },
    }
    const tasks = defineTasks({ hang: task({ timeoutMs: 1_000, retry: { maxAttempts: 1 } }), ping: task() })
    const hang = (_: unknown, { signal }: JobContext) =>
      new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const handlers = { hang, ping: async () => undefined }
    const queue = keep(
      createQueue({ ...given({ clock: forgetful }), tasks, handlers, worker: { concurrency: 1 } }),
    )
    const heard = record(queue, 'dead')
    await queue.start()
    await queue.enqueue('hang')
    await turns()
    expect(lost).toBe(1)
    clock.advance(2_500)
    await turns()
    expect(heard).toEqual([])
    await queue.enqueue('ping')
    await turns()
    clock.advance(0)
    await turns()
    expect(heard).toMatchObject([['dead', { reason: 'errors' }]])
  })

  it('completes its job with its result, as JSON', async () => {
    const { given, keep } = bench()
    const queue = keep(
      createQueue({ ...given(), handlers: { sum: async (list: number[]) => ({ sum: list.length }) } }),
    )
    const heard = record(queue, 'started', 'completed')
    const { id } = await queue.enqueue('sum', [1, 2])
    await queue.start()
    expect(await queue.result(id)).toEqual({ sum: 2 })
    const worker = (await queue.info()).worker.name
    expect(heard).toEqual([
      ['started', { id, kind: 'sum', attempt: 1, epoch: 1, worker }],
      ['completed', { id, kind: 'sum', attempt: 1, result: { sum: 2 } }],
    ])
  })

  it.each([
    ['is not JSON', new Map(), /not JSON/],
    ['is over 16 KiB', 'x'.repeat(16_384), /16386 characters/],
    ['throws when it is read', throwing(new Error('gone')), /cannot be read \(gone\)/],
    ['throws something else than an error', throwing('gone'), /cannot be read \(no reason given\)/],
  ])('whose result %s has completed all the same, with a warning', async (_, result, message) => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), handlers: { work: () => result } }))
    const heard = record(queue, 'warning')
    const { id } = await queue.enqueue('work')
    await queue.drain()
    expect(await queue.get(id)).toMatchObject({ state: 'completed', result: undefined })
    expect(heard).toEqual([['warning', { id, message: expect.stringMatching(message), cause: undefined }]])
  })

  it('that throws is tried again, with backoff, and each failure is kept', async () => {
    const { given, keep, clock } = bench()
    const tasks = defineTasks({ work: task({ retry: { maxAttempts: 3, baseMs: 1_000, capMs: 60_000 } }) })
    let run = 0
    const work = () => {
      run += 1
      throw Object.assign(new Error(`run ${run}`), { status: 500 + run })
    }
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    const heard = record(queue, 'retrying', 'dead')
    const { id } = await queue.enqueue('work')
    const ats: number[] = []
    for (let pass = 0; pass < 3; pass++) {
      ats.push(clock.now())
      const { nextAt } = await queue.drain()
      if (nextAt !== undefined) clock.advance(nextAt - clock.now())
    }
    const failures = [1, 2, 3].map((attempt, at) => ({
      at: ats[at],
      attempt,
      name: 'Error',
      message: `run ${attempt}`,
      status: 500 + attempt,
      charged: true,
    }))
    // Half of the jitter's range: 1 s and 2 s.
    expect(ats.map((at) => at - (ats[0] ?? 0))).toEqual([0, 500, 1_500])
    expect(await queue.get(id)).toMatchObject({ state: 'dead', reason: 'errors', errors: 3, failures })
    expect(heard).toEqual([
      ['retrying', { id, kind: 'work', failure: failures[0], errors: 1, availableAt: ats[1] }],
      ['retrying', { id, kind: 'work', failure: failures[1], errors: 2, availableAt: ats[2] }],
      ['dead', { id, kind: 'work', reason: 'errors', failure: failures[2] }],
    ])
  })

  it('that throws a FatalError is dead at once; a RetryError is a floor under the backoff', async () => {
    const { given, keep, clock } = bench()
    const handlers = {
      fatal: () => {
        throw new FatalError('never')
      },
      later: () => {
        throw new RetryError('later', { afterMs: 90_000 })
      },
    }
    const queue = keep(createQueue({ ...given(), handlers }))
    const [fatal, later] = [await queue.enqueue('fatal'), await queue.enqueue('later')]
    await queue.drain()
    expect(await queue.get(fatal.id)).toMatchObject({ state: 'dead', reason: 'fatal', attempt: 1 })
    expect(await queue.get(later.id)).toMatchObject({ state: 'pending', availableAt: clock.now() + 90_000 })
  })

  it.each([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['text', 'text', 'text'],
    ['an object without a prototype', Object.create(null), /cannot be shown/],
    [
      'one as a message',
      Object.assign(new Error('odd'), { message: Object.create(null) }),
      /cannot be shown/,
    ],
    ['an unreadable status', Object.defineProperty(new Error('shy'), 'status', { get: unreadable }), 'shy'],
    [
      'an unreadable message',
      Object.defineProperty(new Error(), 'message', { get: unreadable }),
      /cannot be/,
    ],
    ['a long one', Object.assign(new Error('long'), { message: 'x'.repeat(10_000) }), /^x{499}…$/],
  ])('may throw anything: %s', async (_, thrown, message) => {
    const { given, keep } = bench()
    const work = () => {
      throw thrown
    }
    const queue = keep(createQueue({ ...given(), handlers: { work } }))
    const { id } = await queue.enqueue('work')
    await queue.drain()
    const [failure] = (await queue.get(id))?.failures ?? []
    expect(failure?.message).toMatch(message instanceof RegExp ? message : new RegExp(`^${message}$`))
  })

  it('whose end cannot be judged is told of, keeps no slot, and is run again a second later', async () => {
    const { given, keep, clock } = bench()
    let calls = 0
    const work = () => {
      calls++
      if (calls === 1) throw new Error('first')
      return 'done'
    }
    const random = () => {
      if (calls === 1) throw new Error('no dice')
      return 0.5
    }
    const queue = keep(createQueue({ ...given({ random, worker: { concurrency: 1 } }), handlers: { work } }))
    const warnings = record(queue, 'warning')
    const { id } = await queue.enqueue('work')
    await queue.start()
    await until(async () => (await queue.get(id))?.releases === 1)
    expect(await queue.get(id)).toMatchObject({ state: 'pending', availableAt: clock.now() + 1_000 })
    expect((await queue.info()).worker.running).toBe(0)
    clock.advance(1_000)
    expect(await queue.result(id)).toBe('done')
    expect(warnings).toMatchObject([['warning', { cause: { message: 'no dice' }, id }]])
  })

  it('whose backoff throws waits as long as it may, and keeps its slot no longer', async () => {
    const { given, keep, clock } = bench()
    const backoff = (): number => {
      throw new Error('broken backoff')
    }
    const tasks = defineTasks({ work: task({ retry: { backoff, capMs: 5_000 } }) })
    const work = () => {
      throw new Error('no')
    }
    const reported: unknown[] = []
    const note = (error: unknown) => void reported.push(error)
    process.on('uncaughtException', note)
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    const { id } = await queue.enqueue('work')
    await queue.drain()
    await turns()
    process.off('uncaughtException', note)
    expect(await queue.get(id)).toMatchObject({
      state: 'pending',
      errors: 1,
      availableAt: clock.now() + 5_000,
    })
    expect(reported).toContainEqual(new Error('broken backoff'))
  })

  it('may snooze: not done, not failed, called again later', async () => {
    const { given, keep, clock } = bench()
    let runs = 0
    const queue = keep(
      createQueue({ ...given(), handlers: { poll: () => (++runs < 3 ? snooze(60_000) : 'done') } }),
    )
    const heard = record(queue, 'released')
    const { id } = await queue.enqueue('poll')
    for (let pass = 0; pass < 3; pass++) {
      await queue.drain()
      clock.advance(60_000)
    }
    expect(await queue.get(id)).toMatchObject({
      state: 'completed',
      attempt: 3,
      errors: 0,
      releases: 0,
      result: 'done',
    })
    expect(heard).toHaveLength(2)
    expect(heard[0]).toEqual([
      'released',
      { id, kind: 'poll', why: 'snoozed', availableAt: clock.now() - 120_000 },
    ])
    expect(() => snooze(-1)).toThrow(RangeError)
    expect(() => snooze(Number.NaN)).toThrow(RangeError)
  })

  it('is not run when isDone says that its effect is there', async () => {
    const { given, keep, clock } = bench()
    const asked: unknown[] = []
    let runs = 0
    const work = {
      isDone: async (payload: string, job: JobContext) => {
        asked.push([payload, job.attempt])
        return job.attempt === 2
      },
      run: (_: string) => {
        runs += 1
        throw new Error('after its effect')
      },
    }
    const queue = keep(createQueue({ ...given(), handlers: { work } }))
    const { id } = await queue.enqueue('work', 'a')
    await queue.drain()
    clock.advance(1_000)
    await queue.drain()
    expect([runs, asked]).toEqual([
      1,
      [
        ['a', 1],
        ['a', 2],
      ],
    ])
    expect(await queue.get(id)).toMatchObject({ state: 'completed', errors: 1, attempt: 2 })
  })
})

describe('progress', () => {
  it('is told and kept a few times a second, and the last value with the outcome', async () => {
    const { given, keep, clock } = bench()
    const [half, end] = [gate(), gate()]
    let job: JobContext | undefined
    const work = async (_: undefined, context: JobContext) => {
      job = context
      for (let percent = 0; percent <= 50; percent++) context.progress(percent)
      await half.promise
      context.progress({ percent: 100 })
      await end.promise
    }
    const queue = keep(createQueue({ ...given(), handlers: { work } }))
    const heard = record(queue, 'progress', 'completed')
    const { id } = await queue.enqueue('work')
    await queue.start()
    await turns()
    clock.advance(250)
    await until(() => heard.length === 1)
    expect(heard).toEqual([['progress', { id, kind: 'work', value: 50 }]])
    half.open()
    end.open()
    await queue.result(id)
    expect(heard.slice(1)).toEqual([
      ['progress', { id, kind: 'work', value: { percent: 100 } }],
      ['completed', { id, kind: 'work', attempt: 1, result: undefined }],
    ])
    expect((await queue.get(id))?.progress).toEqual({ percent: 100 })
    job?.progress(1)
    expect(() => job?.progress(new Map() as never)).toThrow(TypeError)
  })

  it('restarts stallMs; silence aborts, and counts as an error', async () => {
    const { given, keep, clock } = bench()
    let job: JobContext | undefined
    const tasks = defineTasks({ work: task({ stallMs: 1_000 }) })
    const work = (_: undefined, context: JobContext) =>
      new Promise<void>((_, reject) => {
        job = context
        context.signal.addEventListener('abort', () => reject(context.signal.reason))
      })
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    const { id } = await queue.enqueue('work')
    await queue.start()
    await until(() => job !== undefined)
    for (let pass = 0; pass < 3; pass++) {
      clock.advance(900)
      job?.progress(pass)
    }
    expect(job?.signal.aborted).toBe(false)
    clock.advance(1_000)
    expect(job?.signal.reason).toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/stallMs \(1000 ms\)/),
    })
    await until(async () => (await queue.get(id))?.state === 'pending')
    expect(await queue.get(id)).toMatchObject({ errors: 1, failures: [{ name: 'QueueError' }] })
  })
})

describe('a time-out', () => {
  it('aborts, and counts as an error, however the handler says it was aborted', async () => {
    const { given, keep, clock } = bench()
    const signals: AbortSignal[] = []
    const tasks = defineTasks({ work: task<'reason' | 'abort'>({ timeoutMs: 5_000 }) })
    const work = (how: 'reason' | 'abort', { signal }: JobContext) =>
      new Promise<void>((_, reject) => {
        signals.push(signal)
        const error = new DOMException('The operation was aborted', 'AbortError')
        signal.addEventListener('abort', () => reject(how === 'abort' ? error : signal.reason))
      })
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    const ids = [(await queue.enqueue('work', 'reason')).id, (await queue.enqueue('work', 'abort')).id]
    await queue.start()
    await until(() => signals.length === 2)
    clock.advance(4_999)
    expect(signals.map((signal) => signal.aborted)).toEqual([false, false])
    clock.advance(1)
    await until(async () => (await Promise.all(ids.map((id) => queue.get(id)))).every(failedOnce))
    for (const id of ids) {
      expect((await queue.get(id))?.failures).toMatchObject(
        [{ name: 'QueueError', message: /timeoutMs \(5000 ms\)/ }].map(({ name }) => ({ name })),
      )
    }
  })
})

describe('cancel', () => {
  it('takes a waiting job out, and asks the handler of a running one to stop', async () => {
    const { given, keep } = bench()
    let job: JobContext | undefined
    const work = (_: undefined, context: JobContext) =>
      new Promise<void>((_, reject) => {
        job = context
        context.signal.addEventListener('abort', () => reject(context.signal.reason))
      })
    const queue = keep(createQueue({ ...given({ worker: { concurrency: 1 } }), handlers: { work } }))
    const other = keep(createQueue({ ...given(), tasks: defineTasks({ work: task() }) }))
    const heard = record(queue, 'cancelled', 'retrying', 'dead')
    const [running, waiting] = [await queue.enqueue('work'), await queue.enqueue('work')]
    await queue.start()
    expect(await other.cancel(waiting.id)).toBe('cancelled')
    expect(await other.cancel(running.id)).toBe('requested')
    await until(() => heard.length === 2)
    expect(job?.signal.reason).toMatchObject({ code: 'cancelled' })
    expect(await queue.get(running.id)).toMatchObject({ state: 'cancelled', errors: 0 })
    expect(heard.map(([, event]) => event)).toEqual([
      { id: waiting.id, kind: 'work' },
      { id: running.id, kind: 'work' },
    ])
    await expect(other.cancel(running.id)).rejects.toMatchObject({ code: 'wrong-state' })
    await expect(other.cancel('nobody')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('comes too late for a handler that returns all the same: its effect happened', async () => {
    const { given, keep } = bench()
    const held = gate<string>()
    const queue = keep(createQueue({ ...given(), handlers: { work: () => held.promise } }))
    const { id } = await queue.enqueue('work')
    await queue.start()
    await queue.cancel(id)
    expect(await queue.get(id)).toMatchObject({ state: 'running', cancelRequested: true })
    held.open('done')
    expect(await queue.result(id)).toBe('done')
  })
})

function failedOnce(job: JobView | undefined): boolean {
  return job?.errors === 1
}

function unreadable(): never {
  throw new Error('not for you')
}

function throwing(what: unknown): object {
  return {
    get value() {
      throw what
    },
  }
}
