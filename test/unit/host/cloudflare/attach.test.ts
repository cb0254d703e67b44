import { describe, expect, it } from 'vitest'
import { type AttachOptions, attach, type CloudflareHost } from '../../../../src/host/cloudflare/index.ts'
import {
  createQueue,
  defineTasks,
  memoryStore,
  type Queue,
  type StoreFactory,
  task,
} from '../../../../src/index.ts'
import type { CommonOptions, Handler, KindsOfTasks } from '../../../../src/queue/options.ts'
import { type FaultPlan, faultyStore } from '../../../../src/testing/faulty-store.ts'
import { gate, turns } from '../../queue/bench.ts'
import { type FakeObject, fakeObject, type Instance } from './object.ts'

const tasks = defineTasks({ work: task<string, string>({ retry: { baseMs: 4_000 } }) })
const hour = 3_600_000

/** As a Durable Object has it: one instance at a time. */
function exclusive(store: StoreFactory): StoreFactory {
  return (name) => ({ ...store(name), exclusive: true })
}

interface Mailer {
  readonly queue: Queue<KindsOfTasks<typeof tasks>>
  readonly host: CloudflareHost
  alarm(): Promise<void>
}

interface Given extends Partial<CommonOptions> {
  readonly work?: Handler<string, string>
  readonly attached?: AttachOptions
}

/** An object with one queue. */
function mailer({ work = () => 'done', attached, ...given }: Given = {}) {
  const store = given.store ?? exclusive(memoryStore())
  return ({ ctx, clock }: Instance): Mailer => {
    const options = { name: 'mail', random: () => 1, ...given, store, clock, tasks }
    const queue = createQueue({ ...options, handlers: { work } })
    const host = attach(queue, ctx, { clock, ...attached })
    return { queue, host, alarm: () => host.alarm() }
  }
}

function expectIdle(object: FakeObject): void {
  expect(object.alarmAt).toBe(null)
  expect(object.timers).toBe(0)
  expect(object.waits).toBe(0)
}

describe('an object’s alarm', () => {
  it('is not touched by the constructor', async () => {
    const object = fakeObject()
    object.revive(mailer())
    await turns()
    expect(object.writes).toEqual([])
    expect(object.timers).toBe(0)
  })

  it('is set for what an open queue has, once that is attached', async () => {
    const object = fakeObject()
    const options = { name: 'mail', store: exclusive(memoryStore()), tasks }
    const { ctx, clock } = object.revive((instance) => ({ ...instance, alarm: async () => undefined }))
    const queue = createQueue({ ...options, clock, handlers: { work: () => 'done' } })
    await queue.enqueue('work', 'a', { delayMs: hour })
    attach(queue, ctx, { clock })
    await turns()
    expect(object.alarmAt).toBe(clock.now() + hour)
    await queue.close()
  })

  it('is set for a job before its enqueue resolves, and taken back when all is done', async () => {
    const object = fakeObject()
    const { queue } = object.revive(mailer())
    const { id } = await queue.enqueue('work', 'a')
    expect(object.alarmAt).toBe(object.clock.now())
    await object.pass(1)
    expect(await queue.result(id)).toBe('done')
    expectIdle(object)
  })

  it('is written no more often for many jobs that are due at once', async () => {
    const object = fakeObject()
    const { queue } = object.revive(mailer())
    await queue.enqueue('work', 'first')
    const writes = object.writes.length
    for (let no = 1; no < 50; no++) await queue.enqueue('work', String(no))
    expect(object.writes).toHaveLength(writes)
    await object.pass(1)
    expect(object.fired).toBe(1)
    expect((await queue.info()).counts.completed).toBe(50)
    expectIdle(object)
  })

  it('waits for the earliest: a delay, then a retry', async () => {
    const object = fakeObject()
    let fails = true
    const work = () => {
      if (fails) throw new Error('Not yet')
      return 'done'
    }
    const { queue } = object.revive(mailer({ work }))
    await queue.enqueue('work', 'late', { delayMs: hour })
    expect(object.alarmAt).toBe(object.clock.now() + hour)
    await queue.enqueue('work', 'soon', { delayMs: 60_000 })
    expect(object.alarmAt).toBe(object.clock.now() + 60_000)
    await object.pass(60_000)
    expect(object.alarmAt).toBe(object.clock.now() + 4_000)
    fails = false
    await object.pass(4_000)
    expect((await queue.info()).counts).toMatchObject({ completed: 1, pending: 1 })
    expect(object.alarmAt).toBe(object.clock.now() + hour - 64_000)
    expect(object.timers).toBe(0)
  })

  it('outlives the object: what ran is run again, and nothing counts as a crash', async () => {
    const object = fakeObject()
    const store = exclusive(memoryStore())
    const never = () => new Promise<never>(() => undefined)
    const first = object.revive(mailer({ store, work: never }))
    const { id } = await first.queue.enqueue('work', 'a')
    await object.pass(1)
    expect((await first.queue.get(id))?.state).toBe('running')
    const second = object.revive(mailer({ store }))
    await object.pass(20_000)
    expect(await second.queue.get(id)).toMatchObject({
      state: 'completed',
      attempt: 2,
      crashes: 0,
      errors: 0,
    })
    expectIdle(object)
  })

  it('goes off again and again beside work that outlasts it', async () => {
    const object = fakeObject()
    const { promise, open } = gate<string>()
    const { queue } = object.revive(mailer({ work: () => promise, attached: { deadlineMs: 5_000 } }))
    const { id } = await queue.enqueue('work', 'a')
    await object.pass(60_000)
    expect(object.fired).toBe(13)
    expect(await queue.get(id)).toMatchObject({ state: 'running', attempt: 1 })
    open('late')
    await object.pass(1)
    expect(await queue.result(id)).toBe('late')
    expectIdle(object)
  })

  it('is set for what comes while a queue waits for its acknowledgements', async () => {
    const object = fakeObject()
    const { promise, open } = gate<Response>()
    const sync = { url: 'https://example.test/acks', fetch: () => promise }
    const { queue } = object.revive(mailer({ sync }))
    await queue.enqueue('work', 'a')
    await object.pass(1_000)
    const { id } = await queue.enqueue('work', 'b')
    open(new Response(null, { status: 503, headers: { 'retry-after': '600' } }))
    await object.pass(1)
    expect((await queue.get(id))?.state).toBe('completed')
  })

  it('waits for the next try where acknowledgements cannot be sent, and no timer does', async () => {
    const object = fakeObject()
    let status = 503
    const fetch = async (_: string, { body, method }: RequestInit) => {
      if (status !== 200 || method === 'HEAD')
        return new Response(null, { status, headers: { 'retry-after': '60' } })
      const events = JSON.parse(String(body)) as { readonly id: string }[]
      return Response.json({ acknowledged: events.length, id: events.at(-1)?.id, rejected: [] })
    }
    const { queue } = object.revive(mailer({ sync: { url: 'https://example.test/acks', fetch } }))
    const { id } = await queue.enqueue('work', 'a')
    await object.pass(1)
    expect(object.alarmAt).toBe(object.clock.now() + 60_000)
    expect(object.timers).toBe(0)
    status = 200
    await object.pass(60_000)
    expect((await queue.get(id))?.ack).toBe('acked')
    expectIdle(object)
  })

  it.each(['drain', 'start'] as const)('is set beside what the application runs by %s itself', async (by) => {
    const object = fakeObject()
    const store = exclusive(memoryStore())
    const never = () => new Promise<never>(() => undefined)
    const first = object.revive(mailer({ store, work: never }))
    const { id } = await first.queue.enqueue('work', 'a')
    first.queue[by]().catch(() => undefined)
    await turns()
    expect((await first.queue.get(id))?.state).toBe('running')
    expect(object.alarmAt).toBe(object.clock.now() + 20_000)
    const second = object.revive(mailer({ store }))
    await object.pass(20_000)
    expect(await second.queue.get(id)).toMatchObject({ state: 'completed', attempt: 2, crashes: 0 })
  })

  it('is taken back when what the application drained itself is done', async () => {
    const object = fakeObject()
    const { queue } = object.revive(mailer())
    await queue.enqueue('work', 'a')
    expect((await queue.drain()).completed).toBe(1)
    await turns()
    expect(object.alarmAt).toBe(null)
    expect(object.fired).toBe(0)
  })

  it('is left to a worker that was started', async () => {
    const object = fakeObject()
    const { queue } = object.revive(mailer())
    await queue.start()
    await queue.enqueue('work', 'a', { delayMs: 5_000 })
    await object.pass(6_000)
    expect((await queue.info()).worker.started).toBe(true)
    expect((await queue.info()).counts.completed).toBe(1)
    await queue.close()
    expectIdle(object)
  })
})

describe('when something fails', () => {
  const failing = (isFailing: () => boolean, method: string): FaultPlan => {
    return (operation) => (isFailing() && operation.method === method ? { type: 'fail-before' } : undefined)
  }

  it('the alarm is set again, later each time, and never rejects', async () => {
    const object = fakeObject()
    const memory = exclusive(memoryStore())
    const { queue } = object.revive(mailer({ store: memory }))
    const { id } = await queue.enqueue('work', 'a', { delayMs: 5_000 })
    const errors: unknown[] = []
    let isBroken = true
    const store = faultyStore(
      memory,
      failing(() => isBroken, 'load'),
    )
    const second = object.revive(mailer({ store, attached: { onError: (error) => errors.push(error) } }))
    await object.pass(5_000)
    expect(object.alarmAt).toBe(object.clock.now() + 15_000)
    await object.pass(15_000)
    expect(object.alarmAt).toBe(object.clock.now() + 30_000)
    await object.pass(3 * hour)
    expect(object.alarmAt).toBeLessThanOrEqual(object.clock.now() + 300_000)
    expect(errors.length).toBe(object.fired)
    expect(errors[0]).toMatchObject({ code: 'store-failed' })
    isBroken = false
    await object.pass(300_000)
    expect((await second.queue.get(id))?.state).toBe('completed')
    expect(object.rejected).toBe(0)
    expectIdle(object)
  })

  it('to commit, the alarm is set again as well', async () => {
    const object = fakeObject()
    let isBroken = false
    const store = faultyStore(
      exclusive(memoryStore()),
      failing(() => isBroken, 'commit'),
    )
    const { queue } = object.revive(mailer({ store, attached: { onError: () => undefined } }))
    const { id } = await queue.enqueue('work', 'a', { delayMs: 5_000 })
    isBroken = true
    await object.pass(60_000)
    expect(object.alarmAt).toBeGreaterThan(object.clock.now())
    isBroken = false
    await object.pass(300_000)
    expect((await queue.get(id))?.state).toBe('completed')
    expect(object.rejected).toBe(0)
    expectIdle(object)
  })

  it('to set the alarm, it rejects, so that the platform tries again', async () => {
    const object = fakeObject()
    const errors: unknown[] = []
    const { queue } = object.revive(mailer({ attached: { onError: (error) => errors.push(error) } }))
    await queue.enqueue('work', 'later', { delayMs: 60_000 })
    await object.pass(59_000)
    object.failing = new Error('The storage is gone')
    await object.pass(1_000)
    expect(object.rejected).toBe(1)
    await queue.enqueue('work', 'another', { delayMs: 90_000 })
    expect(errors).toContain(object.failing)
    object.failing = undefined
    await object.pass(2_000)
    expect(object.alarmAt).toBe(object.clock.now() + 88_000)
    await object.pass(90_000)
    expect((await queue.info()).counts.completed).toBe(2)
    expectIdle(object)
  })

  it('to run what is due, since a handler ignores its stop, the alarm does not go off in a loop', async () => {
    const object = fakeObject()
    const { promise, open } = gate<string>()
    const work = (text: string) => (text === 'hang' ? promise : 'done')
    const { queue } = object.revive(mailer({ work, worker: { concurrency: 1 } }))
    await queue.enqueue('work', 'hang')
    await object.pass(1)
    await queue.stop({ graceMs: 0 })
    const { id } = await queue.enqueue('work', 'a')
    const before = object.fired
    await object.pass(60_000)
    expect(object.fired - before).toBeLessThan(8)
    expect((await queue.get(id))?.state).toBe('pending')
    open('late')
    await object.pass(300_000)
    expect((await queue.get(id))?.state).toBe('completed')
    expectIdle(object)
  })

  it('because the queue was closed, that is the end of its alarms', async () => {
    const object = fakeObject()
    const errors: unknown[] = []
    const { queue } = object.revive(mailer({ attached: { onError: (error) => errors.push(error) } }))
    await queue.enqueue('work', 'a', { delayMs: 60_000 })
    await queue.close()
    await object.pass(120_000)
    expect(errors).toEqual([])
    expectIdle(object)
  })
})

describe('several queues of one object', () => {
  const both = (more: AttachOptions = {}) => {
    const store = exclusive(memoryStore())
    return ({ ctx, clock }: Instance) => {
      const open = (name: string) =>
        createQueue({ name, store, clock, tasks, handlers: { work: () => 'done' } })
      const [mail, bills] = [open('mail'), open('bills')]
      const hosts = [mail, bills].map((queue) => attach(queue, ctx, { clock, ...more }))
      const [first] = hosts
      return { mail, bills, hosts, alarm: async () => first?.alarm() }
    }
  }

  it('share the alarm: it is set for the first that is due, and either host serves them all', async () => {
    const object = fakeObject()
    const { mail, bills } = object.revive(both())
    await mail.enqueue('work', 'a', { delayMs: 60_000 })
    await bills.enqueue('work', 'b', { delayMs: 30_000 })
    await turns()
    expect(object.alarmAt).toBe(object.clock.now() + 30_000)
    await object.pass(30_000)
    expect((await bills.info()).counts.completed).toBe(1)
    expect(object.alarmAt).toBe(object.clock.now() + 30_000)
    await object.pass(30_000)
    expect((await mail.info()).counts.completed).toBe(1)
    expectIdle(object)
  })

  it('do not put off each other’s alarm when only one of them is used after an eviction', async () => {
    const object = fakeObject()
    const make = both()
    const first = object.revive(make)
    await first.bills.enqueue('work', 'b', { delayMs: 30_000 })
    await turns()
    const { alarmAt } = object
    const before = object.writes.length
    const second = object.revive(make)
    await second.mail.enqueue('work', 'a', { delayMs: hour })
    await turns()
    expect(object.alarmAt).toBe(alarmAt)
    // Not for a moment either: the object could be evicted right then.
    for (const at of object.writes.slice(before)) expect(at ?? hour * 1e9).toBeLessThanOrEqual(alarmAt ?? 0)
    await object.pass(30_000)
    expect((await second.bills.info()).counts.completed).toBe(1)
    expect(object.alarmAt).toBe(object.clock.now() - 30_000 + hour)
  })

  it('do not wait for each other’s jobs', async () => {
    const object = fakeObject()
    const store = exclusive(memoryStore())
    const { promise, open } = gate<string>()
    const { mail, bills } = object.revive(({ ctx, clock }) => {
      const mail = createQueue({ name: 'mail', store, clock, tasks, handlers: { work: () => promise } })
      const bills = createQueue({ name: 'bills', store, clock, tasks, handlers: { work: () => 'done' } })
      attach(mail, ctx, { clock })
      const host = attach(bills, ctx, { clock })
      return { mail, bills, alarm: () => host.alarm() }
    })
    await mail.enqueue('work', 'a')
    await object.pass(2_000)
    const { id } = await bills.enqueue('work', 'b')
    await object.pass(20_000)
    expect((await bills.get(id))?.state).toBe('completed')
    open('late')
    await object.pass(1)
    expect((await mail.info()).counts.completed).toBe(1)
    expectIdle(object)
  })

  it('that is detached is woken no more, and the last one takes the alarm with it', async () => {
    const object = fakeObject()
    const { mail, bills, hosts } = object.revive(both())
    await mail.enqueue('work', 'a', { delayMs: 30_000 })
    await bills.enqueue('work', 'b', { delayMs: 60_000 })
    await hosts[0]?.detach()
    expect(object.alarmAt).toBe(object.clock.now() + 60_000)
    await object.pass(60_000)
    expect((await mail.info()).counts.pending).toBe(1)
    expect((await bills.info()).counts.completed).toBe(1)
    await bills.enqueue('work', 'b', { delayMs: 60_000 })
    await hosts[1]?.detach()
    expect(object.alarmAt).toBe(null)
    await hosts[1]?.wake()
    expect((await bills.info()).counts.pending).toBe(1)
  })
})

describe('the application', () => {
  it('has its own instant in the alarm, which the queue does not take away', async () => {
    const object = fakeObject()
    const now = object.clock.now()
    let at: number | undefined = now + 60_000
    const { queue, host } = object.revive(mailer({ attached: { alarmAt: () => at } }))
    await host.rearm()
    await turns()
    expect(object.alarmAt).toBe(at)
    await queue.enqueue('work', 'a')
    await object.pass(1)
    expect(object.alarmAt).toBe(at)
    await object.pass(59_999)
    expect(object.fired).toBe(2)
    // It had its alarm. Still wanted, it gets another one, and not one after the other.
    expect(object.alarmAt).toBe(object.clock.now() + 1_000)
    at = undefined
    await host.rearm()
    expectIdle(object)
  })

  it('wakes the object when it likes, and lets its event wait for that', async () => {
    const object = fakeObject()
    const { queue, host } = object.revive(mailer())
    const { id } = await queue.enqueue('work', 'a')
    const waits: Promise<unknown>[] = []
    await host.scheduled({ cron: '* * * * *' }, { waitUntil: (promise) => waits.push(promise) })
    expect(waits).toHaveLength(1)
    expect(await queue.result(id)).toBe('done')
    expectIdle(object)
  })

  it('keeps no queue from its alarm by an instant that is none', async () => {
    const object = fakeObject()
    const errors: unknown[] = []
    let alarmAt = (): number => Number.POSITIVE_INFINITY
    const attached = { alarmAt: () => alarmAt(), onError: (error: unknown) => errors.push(error) }
    const { queue } = object.revive(mailer({ attached }))
    await queue.enqueue('work', 'a')
    await object.pass(1)
    expectIdle(object)
    alarmAt = () => {
      throw new Error('Not read yet')
    }
    await queue.enqueue('work', 'b', { delayMs: 5_000 })
    expect(object.alarmAt).toBe(object.clock.now() + 5_000)
    await object.pass(5_000)
    expect((await queue.info()).counts.completed).toBe(2)
    expect(object.rejected).toBe(0)
    expect(errors).toContainEqual(new Error('Not read yet'))
  })

  it('is told of an option that there is not', () => {
    const attached = { deadlineMs: 1_000, alarmsAt: () => 1 }
    expect(() => fakeObject().revive(mailer({ attached }))).toThrow(
      new TypeError(
        'Cannot use options.alarmsAt: there is no such option, expected deadlineMs, alarmAt, onError, clock',
      ),
    )
  })

  it.each([0, Number.NaN, 900_001, Number.POSITIVE_INFINITY])(
    'is told that %d is no deadline',
    (deadlineMs) => {
      const object = fakeObject()
      expect(() => object.revive(mailer({ attached: { deadlineMs } }))).toThrow(
        new RangeError(
          `Cannot attach the queue: deadlineMs is ${deadlineMs}, expected more than 0, up to 900000`,
        ),
      )
    },
  )
})
