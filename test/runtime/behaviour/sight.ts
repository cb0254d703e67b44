import { createQueue, FatalError, type JobView, type QueueEventName } from 'holdfast'
import type { Cases } from './bench.ts'
import { assert, eventually, same } from './expect.ts'

/** What is seen of a queue. */
export const sightCases: Cases = {
  'events tell everything that a job does, in order': async ({ clock, given, keep }) => {
    const handlers = {
      work: async (_: undefined, { attempt }: { attempt: number }) => {
        if (attempt === 1) throw new Error('Not yet')
        if (attempt === 2) throw new FatalError('Never')
      },
    }
    const queue = keep(createQueue({ ...given(), handlers }))
    const told: string[] = []
    const names = ['enqueued', 'started', 'retrying', 'dead', 'completed', 'cancelled'] as const
    const ends = names.map((name: QueueEventName) => queue.on(name, () => told.push(name)))
    await queue.enqueue('work', undefined)
    await queue.drain()
    clock.advance(86_400_000)
    await queue.drain()
    same(told, ['enqueued', 'started', 'retrying', 'started', 'dead'], 'what was told')
    for (const end of ends) end()
    await queue.enqueue('work', undefined)
    same(told.length, 5, 'how much was told once nobody listened')
  },

  'who has the queue open hears of what others do': async ({ clock, given, keep }) => {
    const [one, two] = [1, 2].map(() => keep(createQueue({ ...given(), handlers: { work: () => null } })))
    const told: string[] = []
    two?.on('completed', ({ id }) => told.push(id))
    await two?.info()
    const job = await one?.enqueue('work')
    await one?.drain()
    await eventually(
      'the other to hear of it',
      () => told.length > 0,
      () => clock.advance(300),
    )
    same(told, [job?.id], 'what it heard')
  },

  'a listener that is done with is called no more': async (bench) => {
    const queue = bench.keep(createQueue({ ...bench.given(), handlers: { work: () => null } }))
    let calls = 0
    const end = queue.on('enqueued', () => {
      calls += 1
    })
    await queue.enqueue('work')
    end()
    await queue.enqueue('work')
    same(calls, 1, 'calls')
  },

  'a view is a live list, and the same array until something changes': async ({ clock, given, keep }) => {
    const queue = keep(createQueue({ ...given(), handlers: { work: async (_: number) => null } }))
    const view = queue.view({ state: 'pending' })
    let changes = 0
    const end = view.subscribe(() => {
      changes += 1
    })
    const shows = (count: number) => () => view.getSnapshot().length === count
    const passing = () => clock.advance(300)
    await queue.enqueueAll([1, 2].map((payload) => ({ kind: 'work' as const, payload })))
    await eventually('two to be shown', shows(2), passing)
    assert(changes > 0, 'the listener to be called')
    const before: readonly JobView[] = view.getSnapshot()
    assert(view.getSnapshot() === before, 'the same array')
    await queue.drain()
    await eventually('none to be shown', shows(0), passing)
    assert(view.getSnapshot() !== before && before.length === 2, 'another array')
    end()
  },

  'why says what stands in the way': async ({ clock, given, keep }) => {
    const queue = keep(createQueue({ ...given(), handlers: { work: async (_: number) => null } }))
    const later = await queue.enqueue('work', 1, { delayMs: 1_000, key: 'k' })
    const behind = await queue.enqueue('work', 2, { key: 'k' })
    const free = await queue.enqueue('work', 3)
    const at = clock.now() + 1_000
    same(await queue.why(later.id), { reason: 'scheduled', availableAt: at }, 'of the one with a delay')
    const head = { key: 'k', head: later.id, headState: 'pending' }
    same(await queue.why(behind.id), { reason: 'behind', ...head }, 'of the one behind it')
    same(await queue.why(free.id), { reason: 'no-worker' }, 'of one that could run')
    await queue.drain()
    same(await queue.why(free.id), { reason: 'finished', state: 'completed' }, 'of one that did')
  },

  'info counts jobs by state and kind, and tells how old the oldest is': async ({ clock, given, keep }) => {
    const work = async (todo: string) => {
      if (todo === 'die') throw new FatalError('No')
    }
    const queue = keep(createQueue({ ...given(), handlers: { work, rest: () => null } }))
    await queue.enqueueAll(['fine', 'die'].map((payload) => ({ kind: 'work' as const, payload })))
    await queue.drain()
    await queue.enqueue('rest')
    await queue.enqueue('rest', undefined, { delayMs: 60_000 })
    clock.advance(5_000)
    const { counts, kinds, oldestPendingAgeMs, worker, store } = await queue.info()
    const { pending, scheduled, completed, dead } = counts
    same([pending, scheduled, completed, dead], [2, 1, 1, 1], 'the counts')
    same([kinds.work?.dead, kinds.rest?.pending], [1, 2], 'the counts by kind')
    same(oldestPendingAgeMs, 5_000, 'the age of the oldest')
    same([worker.running, worker.stuck], [0, 0], 'the worker')
    same(store.state, 'opened', 'the state of the store')
  },

  'a list goes on where its last page ended': async ({ given, keep }) => {
    const queue = keep(createQueue({ ...given(), handlers: { work: async (_: number) => null } }))
    const items = Array.from({ length: 25 }, (_, payload) => ({ kind: 'work' as const, payload }))
    const taken = await queue.enqueueAll(items)
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await queue.list({ limit: 10, ...(after !== undefined && { after }) })
      seen.push(...page.jobs.map(({ id }) => id))
      after = page.next
    } while (after !== undefined)
    same(
      seen,
      taken.map(({ id }) => id),
      'the pages',
    )
    same((await queue.list({ state: 'completed' })).jobs, [], 'those of another state')
  },
}
