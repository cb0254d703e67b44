import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Edge, openEdge, until } from './edge.ts'
import type { Item } from './worker.ts'

let edge: Edge

beforeEach(async () => {
  edge = await openEdge()
})

afterEach(() => edge?.close())

const call = (no: number, more: Partial<Item> = {}): Item => ({ kind: 'call', payload: { no }, ...more })

/** How often the API was called for each number. */
const called = (): number[] => edge.calls.map(({ no }) => no)

/** Has the API wait with its answers until the returned function is called. */
function closed(only: number): () => void {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  edge.answer(({ no }) => (no === only ? opened.then(() => 204) : 204))
  return open
}

const idle = async (): Promise<void> => {
  await until(async () => (await edge.state()).alarmAt === null)
  expect((await edge.state()).timers).toBe(0)
}

describe('in workerd', () => {
  test('a delayed job runs by the alarm, without any request', async () => {
    await edge.enqueue([call(1, { delayMs: 400 })])
    const { alarmAt } = await edge.state()
    expect(alarmAt).toBeGreaterThan(Date.now() - 1_000)
    // Nothing but the alarm knows of it.
    await edge.ask('/object/die')
    await until(() => edge.acked().length === 1)
    expect(called()).toEqual([1])
    await idle()
  })

  test('a job whose object is gone once it was enqueued runs by the alarm', async () => {
    const { status } = await edge.ask('/object/enqueue-and-die', [call(1), call(2)])
    expect(status).toBe(500)
    await until(() => edge.acked().length === 2)
    expect(called().sort()).toEqual([1, 2])
    await idle()
  })

  test('a job that comes while the alarm runs is run beside what runs', async () => {
    const open = closed(1)
    await edge.enqueue([call(1)])
    await until(() => called().includes(1))
    await edge.enqueue([call(2)])
    await until(() => called().includes(2))
    open()
    await until(() => edge.acked().length === 2)
    await idle()
  })

  test('a job that outlasts an alarm goes on under the next ones', async () => {
    const open = closed(1)
    await edge.enqueue([call(1)])
    await until(() => called().includes(1))
    const { alarmAt: first } = await edge.state()
    expect(first).not.toBe(null)
    await until(async () => {
      const { alarmAt } = await edge.state()
      return alarmAt !== null && first !== null && alarmAt > first + 500
    })
    open()
    await until(() => edge.acked().length === 1)
    expect(called()).toEqual([1])
    await idle()
  })

  test('an alarm that finds the storage broken sets the next one, and work goes on once it is mended', async () => {
    await edge.ask('/object/sql', 'SELECT 1')
    await edge.enqueue([call(1, { delayMs: 200 })])
    await edge.ask('/object/sql', 'ALTER TABLE holdfast_entries RENAME TO broken')
    const { alarmAt: first } = await edge.state()
    await until(async () => {
      const { alarmAt } = await edge.state()
      return alarmAt !== null && first !== null && alarmAt > first + 5_000
    })
    await edge.ask('/object/sql', 'ALTER TABLE broken RENAME TO holdfast_entries')
    await edge.ask('/object/wake')
    await until(() => edge.acked().length === 1)
    await idle()
  })

  test('two queues share the alarm of their object, and none puts off that of the other', async () => {
    await edge.enqueue([call(1, { delayMs: 600 })], '/object/enqueue?queue=bills')
    await edge.ask('/object/die')
    // Revived for the other queue alone.
    await edge.enqueue([call(2, { delayMs: 3_600_000 })])
    await edge.ask('/object/die')
    await until(() => called().includes(1))
    await until(() => edge.acked().length === 1)
    await until(async () => ((await edge.state()).alarmAt ?? 0) > Date.now() + 3_000_000)
    expect((await edge.state()).timers).toBe(0)
  })

  test('the application shares the alarm', async () => {
    await edge.enqueue([call(1, { delayMs: 3_600_000 })])
    const at = Date.now() + 300
    await edge.ask(`/object/app-alarm?at=${at}`)
    expect((await edge.state()).alarmAt).toBe(at)
    await until(async () => (await edge.state()).appAlarms === 1)
    await until(async () => ((await edge.state()).alarmAt ?? 0) > Date.now() + 3_000_000)
    expect(called()).toEqual([])
  })

  test('a Worker answers at once, and has the object take the job in by waitUntil', async () => {
    expect((await edge.ask('/later/enqueue', [call(1)])).status).toBe(202)
    await until(() => edge.acked().length === 1)
    expect(called()).toEqual([1])
  })

  test('a cron trigger wakes an object whose alarm was lost', async () => {
    await edge.enqueue([call(1, { delayMs: 2_000 })])
    const { alarmAt } = await edge.state()
    await edge.ask('/object/disarm')
    await edge.ask('/object/die')
    await until(() => alarmAt !== null && Date.now() > alarmAt)
    expect(called()).toEqual([])
    await edge.scheduled()
    await until(() => edge.acked().length === 1)
    await idle()
  })

  test('keys are spread over objects, each to one, and all can be asked', async () => {
    const keys = Array.from({ length: 24 }, (_, index) => `customer-${index}`)
    for (const [no, key] of [...keys, ...keys].entries()) {
      await edge.enqueue([call(no, { key })], `/shard/enqueue?key=${key}`)
    }
    await until(() => edge.acked().length === 48)
    const sum = async () => (await edge.ask('/sum/info')).body
    await until(async () => Object(await sum()).unsent === 0)
    expect(await sum()).toMatchObject({
      counts: { completed: 48, pending: 0 },
      kinds: { call: { completed: 48 } },
      unsent: 0,
      paused: 0,
    })
    const { body: lists } = await edge.ask('/each/list')
    const owned = (lists as { readonly jobs: readonly { readonly key: string }[] }[]).map(({ jobs }) => jobs)
    expect(owned.every((jobs) => jobs.length > 0)).toBe(true)
    for (const jobs of owned) {
      for (const { key } of jobs) expect(jobs.filter((job) => job.key === key)).toHaveLength(2)
    }
  })

  test('a Worker without an object drains a queue in memory behind its answer', async () => {
    expect((await edge.ask('/memory')).body).toEqual({ durable: false })
    await until(() => called().includes(9_000))
  })
})
