import { createQueue, defineTasks, type Schema, task } from 'holdfast'
import type { Cases } from './bench.ts'
import { assert, misused, refuses, same } from './expect.ts'

/** Enqueues: what is taken in, and what is refused. */
export const intakeCases: Cases = {
  'enqueueAll takes all or none': async ({ given, keep }) => {
    const handlers = { any: async (_: unknown) => null }
    const queue = keep(createQueue({ ...given({ limits: { maxPayloadBytes: 100 } }), handlers }))
    const items = ['a', 'b', 'x'.repeat(200)].map((payload) => ({ kind: 'any' as const, payload }))
    await refuses('payload-too-large', queue.enqueueAll(items), 'one that is too large among three')
    same((await queue.info()).counts.pending, 0, 'jobs after the refusal')
    same((await queue.enqueueAll(items.slice(0, 2))).length, 2, 'jobs that were taken in')
    same((await queue.info()).counts.pending, 2, 'jobs after that')
  },

  'enqueues side by side are all taken in, in the order of their calls': async ({ given, keep }) => {
    const queue = keep(createQueue({ ...given(), handlers: { any: async (_: number) => null } }))
    const taken = await Promise.all(Array.from({ length: 300 }, (_, n) => queue.enqueue('any', n)))
    const { jobs } = await queue.list({ limit: 1_000 })
    same(
      jobs.map(({ id }) => id),
      taken.map(({ id }) => id),
      'the order',
    )
  },

  'an entry of several megabytes comes back whole': async ({ given, keep, reopen }) => {
    const handlers = { any: async (_: string) => null }
    const first = createQueue({ ...given(), handlers })
    const items = Array.from({ length: 4_000 }, (_, n) => ({ kind: 'any' as const, payload: textOf(n) }))
    await first.enqueueAll(items).finally(() => reopen && first.close())
    const queue = reopen ? keep(createQueue({ ...given({ store: reopen() }), handlers })) : keep(first)
    const { jobs } = await queue.list({ limit: 5_000 })
    same(jobs.length, items.length, 'how many there are')
    for (const n of [0, 1_999, 3_999]) {
      assert((await queue.payload(jobs[n]?.id ?? '')) === textOf(n), `payload ${n} as it was`)
    }
  },

  'an enqueueAll larger than an entry may be is refused whole, and the queue goes on': async (bench) => {
    const queue = bench.keep(createQueue({ ...bench.given(), handlers: { any: async (_: string) => null } }))
    const payload = 'x'.repeat(1_000)
    const items = Array.from({ length: 9_000 }, () => ({ kind: 'any' as const, payload }))
    await misused('RangeError', /entry is larger than the store's \d+ bytes/, () => queue.enqueueAll(items))
    same((await queue.info()).counts.pending, 0, 'jobs after the refusal')
    await queue.enqueue('any', 'fits')
    same((await queue.drain()).completed, 1, 'completions')
  },

  'a full backlog refuses, or drops the oldest to the dead letters': async ({ given, keep }) => {
    const handlers = { any: async (_: number) => null }
    const strict = keep(createQueue({ ...given({ limits: { maxPending: 2 } }), handlers }))
    await strict.enqueueAll([1, 2].map((payload) => ({ kind: 'any' as const, payload })))
    await refuses('backlog-full', strict.enqueue('any', 3), 'a third')
    const limits = { maxPending: 2, overflow: 'drop-oldest' } as const
    const lenient = keep(createQueue({ ...given({ limits }), handlers }))
    await lenient.enqueue('any', 3)
    const { jobs } = await lenient.deadLetters()
    same(
      jobs.map(({ reason }) => reason),
      ['overflow'],
      'the reasons of the dead letters',
    )
    same(await lenient.payload(jobs[0]?.id ?? ''), 1, 'what was dropped')
  },

  'a payload that its schema refuses is not taken in, and what it makes of one is handled': async (bench) => {
    const input: Schema<{ count: number }, number> = {
      '~standard': {
        version: 1,
        vendor: 'none',
        validate: (value) => {
          const count: unknown = Object(value).count
          if (typeof count === 'number' && count > 0) return { value: count }
          return { issues: [{ message: 'must be more than 0', path: ['count'] }] }
        },
      },
    }
    const tasks = defineTasks({ order: task({ input }) })
    const counts: number[] = []
    const handlers = { order: async (count: number) => void counts.push(count) }
    const queue = bench.keep(createQueue({ ...bench.given(), tasks, handlers }))
    const error = await refuses('payload-invalid', queue.enqueue('order', { count: 0 }), 'a count of 0')
    same(error.issues, [{ message: 'must be more than 0', path: ['count'] }], 'the issues')
    await queue.enqueue('order', { count: 7 })
    await queue.drain()
    same(counts, [7], 'what was handled')
  },
}

/** Text of about a thousand characters that differs from that of every other number. */
function textOf(n: number): string {
  return `${n}:é👍`.repeat(140).slice(0, 900)
}
