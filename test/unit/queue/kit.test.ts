import { afterEach, describe, expect, it } from 'vitest'
import { assertOk } from '../../../src/http/index.ts'
import { defineTasks, FatalError, type JobContext, snooze, task } from '../../../src/index.ts'
import { testQueue } from '../../../src/testing/kit.ts'
import { gate } from './bench.ts'

const tasks = defineTasks({
  order: task<{ id: number; lines?: string[] }, string>({ retry: { maxAttempts: 2 } }),
  mail: task<{ to: string; order: number }>(),
})

const open: { close(): Promise<void>; clock: { timers: number } }[] = []
const keep = <Q extends (typeof open)[number]>(opened: Q): Q => {
  open.push(opened)
  return opened
}

afterEach(async () => {
  for (const { close, clock } of open.splice(0)) {
    await close()
    expect(clock.timers).toBe(0)
  }
})

describe('perform', () => {
  it('runs one attempt of one job, and tells how it ended', async () => {
    const { queue, perform } = keep(
      testQueue({
        tasks,
        handlers: { order: ({ id }, job) => `${id} ${job.attempt}`, mail: () => undefined },
      }),
    )
    const first = await queue.enqueue('order', { id: 1 }, { key: 'a' })
    const second = await queue.enqueue('order', { id: 2 }, { key: 'a' })
    const later = await queue.enqueue('order', { id: 3 }, { delayMs: 3_600_000 })
    const nothing = { thrown: undefined, failure: undefined, availableAt: undefined, held: false }
    // Neither the line nor the wait matters to one that is named.
    expect(await perform(later.id)).toEqual({ id: later.id, outcome: 'completed', result: '3 1', ...nothing })
    expect(await perform(second.id)).toMatchObject({ result: '2 1' })
    expect((await queue.get(first.id))?.state).toBe('pending')
    expect(await perform({ kind: 'order' })).toMatchObject({ id: first.id, result: '1 1' })
    await expect(perform({ kind: 'order' })).rejects.toMatchObject({ code: 'not-found' })
    await expect(perform(first.id)).rejects.toMatchObject({ code: 'wrong-state' })
    await expect(perform('nobody')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('tells what was thrown, and what becomes of it', async () => {
    const thrown = new Error('no stock')
    const { queue, perform, clock } = keep(
      testQueue({
        tasks,
        handlers: {
          order: () => {
            throw thrown
          },
          mail: ({ order }) => {
            if (order === 1) throw new FatalError('no such address')
            return snooze(5_000)
          },
        },
      }),
    )
    const { id } = await queue.enqueue('order', { id: 1 })
    const failed = await perform(id)
    expect(failed).toMatchObject({
      outcome: 'retried',
      failure: { message: 'no stock' },
      availableAt: clock.now() + 500,
    })
    expect(failed.thrown).toBe(thrown)
    expect(await perform(id)).toMatchObject({ outcome: 'dead', availableAt: undefined })
    const letter = await queue.enqueue('mail', { to: 'a', order: 1 })
    expect(await perform(letter.id)).toMatchObject({ outcome: 'dead', failure: { name: 'FatalError' } })
    const other = await queue.enqueue('mail', { to: 'a', order: 2 })
    expect(await perform(other.id)).toMatchObject({ outcome: 'released', availableAt: clock.now() + 5_000 })
  })

  it('tells of a hold, and ends it with the first success', async () => {
    let status = 503
    const { queue, perform } = keep(
      testQueue({
        tasks,
        handlers: { order: async () => (await assertOk(new Response('', { status }))).statusText },
      }),
    )
    const { id } = await queue.enqueue('order', { id: 1 })
    expect(await perform(id)).toMatchObject({ outcome: 'retried', held: true })
    status = 200
    expect(await perform(id)).toMatchObject({ outcome: 'completed', held: false })
  })

  it('honours time-outs and cancellation', async () => {
    let started = gate()
    const hang = (_: unknown, { signal }: JobContext) =>
      new Promise<string>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        started.open()
      })
    const slow = { slow: task<undefined, string>({ timeoutMs: 1_000 }) }
    const { queue, perform, clock } = keep(testQueue({ tasks: slow, handlers: { slow: hang } }))
    const first = await queue.enqueue('slow')
    const timing = perform(first.id)
    await started.promise
    clock.advance(1_000)
    expect(await timing).toMatchObject({ outcome: 'retried', thrown: { code: 'timeout' } })
    started = gate()
    const second = await queue.enqueue('slow')
    const cancelling = perform(second.id)
    await started.promise
    await queue.cancel(second.id)
    expect(await cancelling).toMatchObject({ outcome: 'cancelled' })
  })

  it('needs a handler', async () => {
    const { queue, perform } = keep(testQueue({ tasks }))
    const { id } = await queue.enqueue('order', { id: 1 })
    await expect(perform(id)).rejects.toThrow(/no handler for "order"/)
  })
})

describe('drain, advance and settle', () => {
  it('run what is due now, what becomes due on the way, and everything', async () => {
    const runs: [string, number][] = []
    const { queue, clock, drain, advance, settle } = keep(
      testQueue({
        handlers: {
          work: (name: string, job: JobContext) => {
            runs.push([name, clock.now() - job.enqueuedAt])
            if (name === 'flaky' && job.attempt < 4) throw new Error('again')
          },
        },
      }),
    )
    await queue.enqueue('work', 'now')
    await queue.enqueue('work', 'soon', { delayMs: 400 })
    await queue.enqueue('work', 'flaky')
    await queue.enqueue('work', 'late', { delayMs: 86_400_000 })
    expect(await drain()).toMatchObject({ completed: 1, failed: 1, remaining: 3 })
    const before = clock.monotonic()
    expect(await advance(1_500)).toMatchObject({ completed: 1, failed: 2, remaining: 2 })
    expect(clock.monotonic() - before).toBe(1_500)
    expect(await settle()).toEqual({ completed: 2, failed: 0, dead: 0, remaining: 0, nextAt: undefined })
    expect(runs).toEqual([
      ['now', 0],
      ['flaky', 0],
      ['soon', 400],
      ['flaky', 500],
      ['flaky', 1_500],
      ['flaky', 3_500],
      ['late', 86_400_000],
    ])
    await expect(advance(-1)).rejects.toThrow(RangeError)
  })

  it('settle says what is left when it never ends', async () => {
    const { queue, settle } = keep(testQueue({ handlers: { poll: (_: string) => snooze(3_600_000) } }))
    await queue.enqueue('poll', 'for ever')
    await expect(settle({ withinMs: 86_400_000 })).rejects.toThrow(
      /86400000 ms.*\n.*kind: poll, state: pending, payload: "for ever"/,
    )
  })

  it('settle ends where only a person can help', async () => {
    const { queue, settle } = keep(
      testQueue({
        tasks,
        handlers: { order: async () => (await assertOk(new Response('', { status: 401 }))).statusText },
      }),
    )
    await queue.enqueue('order', { id: 1 })
    expect(await settle()).toMatchObject({ completed: 0, remaining: 1, nextAt: undefined })
  })
})

describe('enqueued', () => {
  it('finds jobs by what is given of them, also after they ran', async () => {
    const { queue, enqueued, assertEnqueued, refuteEnqueued, drain } = keep(
      testQueue({
        tasks,
        handlers: {
          order: async ({ id }): Promise<string> => {
            await queue.enqueue('mail', { to: 'ada', order: id }, { key: 'ada' })
            return 'done'
          },
        },
      }),
    )
    await queue.enqueue('order', { id: 7, lines: ['a', 'b'] })
    await refuteEnqueued({ kind: 'mail' })
    await drain()
    expect(await enqueued()).toHaveLength(2)
    expect(await enqueued({ state: 'completed' })).toMatchObject([{ kind: 'order', payload: { id: 7 } }])
    const mail = await assertEnqueued({ kind: 'mail', payload: { order: 7 } })
    expect(mail).toMatchObject({ state: 'pending', key: 'ada', payload: { to: 'ada', order: 7 } })
    await assertEnqueued({ payload: { lines: ['a', 'b'] } })
    await assertEnqueued({ payload: ({ order }: { order: number }) => order > 6 })
    await refuteEnqueued({ payload: { lines: ['a'] } })
    await refuteEnqueued({ kind: 'mail', payload: { order: 8 } })
    await refuteEnqueued({ kind: 'mail', key: 'eve' })
    await expect(assertEnqueued({ kind: 'mail', payload: { order: 8 } })).rejects.toThrow(
      [
        'Expected an enqueued job (kind: mail, payload: {"order":8}), there are:',
        '  kind: order, state: completed, payload: {"id":7,"lines":["a","b"]}',
        '  kind: mail, state: pending, key: ada, payload: {"to":"ada","order":7}',
      ].join('\n'),
    )
    await expect(refuteEnqueued({ kind: 'mail' })).rejects.toThrow(
      /Expected no enqueued job \(kind: mail\).*\n.*ada/,
    )
  })

  it.each([
    [new Date(5), new Date(5), new Date(6)],
    [new Map([['a', { b: 1, c: 2 }]]), new Map([['a', { b: 1 }]]), new Map([['a', { b: 2 }]])],
    [new Set([1, 2]), new Set([1, 2]), new Set([1])],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2]), new Uint8Array([1, 3])],
    [new Blob(['a']), new Blob(['b']), new Blob(['ab'])],
    [{ a: { b: [1, { c: 2, d: 3 }] } }, { a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 3 }] } }],
    ['text', 'text', 'other'],
    [Number.NaN, Number.NaN, 0],
  ])('compares %o', async (payload, same, other) => {
    const { queue, assertEnqueued, refuteEnqueued } = keep(
      testQueue({ handlers: { keep: (_: unknown) => undefined } }),
    )
    await queue.enqueue('keep', payload)
    await assertEnqueued({ payload: same })
    await refuteEnqueued({ payload: other })
    await expect(assertEnqueued({ payload: other })).rejects.toThrow(/kind: keep, state: pending, payload: /)
  })

  it('says so when there is nothing at all', async () => {
    const { assertEnqueued } = keep(testQueue({ tasks }))
    await expect(assertEnqueued()).rejects.toThrow('Expected an enqueued job (any job), there are:\n  (none)')
  })
})

describe('a queue under test', () => {
  it('shares its store and clock with others that are given them, and collects warnings', async () => {
    const one = keep(testQueue({ tasks, handlers: { order: () => new Map() as unknown as string } }))
    await one.queue.enqueue('order', { id: 1 })
    expect((await one.perform({ kind: 'order' })).result).toBeUndefined()
    expect(one.warnings).toMatchObject([{ message: expect.stringMatching(/not JSON/) }])
    await using two = testQueue({ tasks, owner: 'eve', clock: one.clock })
    expect(two.queue.owner).toBe('eve')
    await two.refuteEnqueued()
  })
})
