import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Edge, openEdge, until } from './edge.ts'
import type { Item } from './worker.ts'

const jobs = 1_000
let edge: Edge

beforeAll(async () => {
  edge = await openEdge()
})

afterAll(() => edge?.close())

const item = (no: number): Item => ({
  kind: no % 3 === 0 ? 'flaky' : 'call',
  payload: { no },
  ...(no % 10 < 3 && { key: `key-${no % 7}` }),
})

/** A server that is slow, fails now and then, and is down for a moment. */
const weather = async ({ no, time }: { readonly no: number; readonly time: number }): Promise<number> => {
  await new Promise((resolve) => setTimeout(resolve, 10))
  if (no % 5 === 1 && time === 1) return 500
  return no % 97 === 1 && time === 2 ? 503 : 204
}

test('a thousand jobs are finished and acknowledged, however often their object leaves memory', async () => {
  edge.answer(weather)
  for (let from = 0; from < jobs; from += 250) {
    await edge.enqueue(Array.from({ length: 250 }, (_, index) => item(from + index)))
  }

  for (let evictions = 1; evictions <= 10; evictions++) {
    // Seen from outside: a request to the object would wake it.
    await until(() => edge.calls.length >= evictions * 80)
    if (evictions % 2 === 0) await edge.restart()
    else expect((await edge.ask('/object/die')).status).toBe(500)
  }
  expect(edge.calls.length).toBeLessThan(jobs)
  await until(() => edge.acked().length >= jobs)

  const acked = edge.acked()
  expect(new Set(acked.map(({ source }) => source)).size).toBe(1)
  expect(acked.map(({ sequence }) => sequence)).toEqual(Array.from({ length: jobs }, (_, index) => index + 1))
  expect(new Set(acked.map(({ job }) => job)).size).toBe(jobs)
  expect(acked.filter(({ type }) => type !== 'completed')).toEqual([])
  expect(new Set(edge.calls.map(({ no }) => no)).size).toBe(jobs)

  await until(async () => (await edge.state()).alarmAt === null)
  expect(await edge.state()).toMatchObject({ alarmAt: null, timers: 0 })
  const { body } = await edge.ask('/object/list')
  const list = (body as { readonly jobs: readonly Finished[] }).jobs
  expect(list).toHaveLength(jobs)
  expect(list.filter((job) => job.state !== 'completed' || job.ack !== 'acked' || job.crashes > 0)).toEqual(
    [],
  )
  expect(
    list.filter((job) => job.attempt > job.errors + 1).length,
    'jobs that were interrupted',
  ).toBeGreaterThan(9)
  expect(await edge.state()).toMatchObject({ alarmAt: null, timers: 0 })
  // The runtime takes an object out of memory only when nothing holds it any more.
  await edge.evict()
  expect(await edge.state()).toMatchObject({ alarmAt: null, timers: 0 })
})

interface Finished {
  readonly state: string
  readonly ack: string
  readonly attempt: number
  readonly errors: number
  readonly crashes: number
}
