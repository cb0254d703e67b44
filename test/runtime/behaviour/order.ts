import { createQueue, defineTasks, FatalError, type JobContext, RetryError, task } from 'holdfast'
import { type Cases, gate } from './bench.ts'
import { eventually, same } from './expect.ts'

/** Which job goes when. */
export const orderCases: Cases = {
  'a delayed job does not run before its time': async ({ clock, given, keep }) => {
    const queue = keep(createQueue({ ...given(), handlers: { ring: () => null } }))
    await queue.enqueue('ring', undefined, { delayMs: 1_000 })
    const at = clock.now() + 2_000
    await queue.enqueue('ring', undefined, { availableAt: at })
    const first = await queue.drain()
    same([first.completed, first.nextAt], [0, clock.now() + 1_000], 'the first drain')
    clock.advance(1_000)
    same((await queue.drain()).completed, 1, 'completions after a second')
    clock.advance(1_000)
    same((await queue.drain()).completed, 1, 'completions after two')
  },

  'a timer wakes the queue for a job that becomes due': async ({ clock, given, keep }) => {
    const queue = keep(createQueue({ ...given(), handlers: { ring: async () => 'rang' } }))
    const { id } = await queue.enqueue('ring', undefined, { delayMs: 60_000 })
    await queue.start()
    const rung = queue.result<'ring'>(id)
    clock.advance(59_999)
    same((await queue.get(id))?.state, 'pending', 'its state before')
    await eventually('a timer for it', () => clock.untilNext() !== undefined)
    clock.advance(1)
    same(await rung, 'rang', 'its result')
  },

  'the higher priority goes first, then the earlier': async ({ given, keep }) => {
    const order: string[] = []
    const handlers = { say: async (word: string) => void order.push(word) }
    const queue = keep(createQueue({ ...given(), handlers, worker: { concurrency: 1 } }))
    await queue.enqueueAll([
      { kind: 'say', payload: 'third' },
      { kind: 'say', payload: 'first', priority: 2 },
      { kind: 'say', payload: 'fourth' },
      { kind: 'say', payload: 'second', priority: 1 },
    ])
    await queue.drain()
    same(order, ['first', 'second', 'third', 'fourth'], 'the order')
  },

  'jobs of one key run one at a time and in order, whatever their retries': async (bench) => {
    const order: string[] = []
    const [running, most] = [new Map<string, number>(), new Map<string, number>()]
    const step = async ({ key, n }: { key: string; n: number }, job: JobContext) => {
      running.set(key, (running.get(key) ?? 0) + 1)
      most.set(key, Math.max(most.get(key) ?? 0, running.get(key) ?? 0))
      await new Promise((resolve) => setTimeout(resolve, 1))
      running.set(key, (running.get(key) ?? 0) - 1)
      if (n === 1 && job.attempt === 1) throw new RetryError('Once more', { afterMs: 100 })
      order.push(`${key}${n}`)
    }
    const { given, keep, clock } = bench
    const queue = keep(createQueue({ ...given(), handlers: { step } }))
    const items = [0, 1, 2, 3].flatMap((n) => ['a', 'b'].map((key) => ({ n, key })))
    await queue.enqueueAll(items.map((payload) => ({ kind: 'step' as const, payload, key: payload.key })))
    while ((await queue.drain()).remaining > 0) clock.advance(1_000)
    for (const key of ['a', 'b']) {
      const of = order.filter((name) => name.startsWith(key))
      same(
        of,
        [0, 1, 2, 3].map((n) => `${key}${n}`),
        `the order of ${key}`,
      )
      same(most.get(key), 1, `how many of ${key} ran at once`)
    }
  },

  'a dead head blocks its key where the task says so, until it is removed': async ({ given, keep }) => {
    const tasks = defineTasks({ step: task<number>({ deadHead: 'block' }) })
    const step = async (n: number) => {
      if (n === 1) throw new FatalError('No')
    }
    const queue = keep(createQueue({ ...given(), tasks, handlers: { step } }))
    const head = await queue.enqueue('step', 1, { key: 'k' })
    const next = await queue.enqueue('step', 2, { key: 'k' })
    await queue.drain()
    same(await queue.why(next.id), { reason: 'blocked-by-dead', key: 'k', head: head.id }, 'why it waits')
    await queue.remove(head.id)
    same((await queue.drain()).completed, 1, 'completions afterwards')
  },

  'no more of a kind run at once than maxRunning says, over all who run them': async ({ given, keep }) => {
    const tasks = defineTasks({ heavy: task({ maxRunning: 2, stallMs: Number.POSITIVE_INFINITY }) })
    const release = gate()
    let [running, most] = [0, 0]
    const heavy = async () => {
      running += 1
      most = Math.max(most, running)
      await release.passed
      running -= 1
    }
    const open = () => keep(createQueue({ ...given(), tasks, handlers: { heavy } }))
    const [one, two] = [open(), open()]
    await Promise.all([one.start(), two.start()])
    const jobs = await one.enqueueAll(
      Array.from({ length: 6 }, () => ({ kind: 'heavy' as const, payload: undefined })),
    )
    await eventually('two to run', () => running === 2)
    const last = jobs.at(-1)?.id ?? ''
    same(
      await one.why(last),
      { reason: 'limit', scope: 'kind', maxRunning: 2, running: 2 },
      'why the last waits',
    )
    release.open()
    await Promise.all(jobs.map(({ id }) => one.result(id)))
    same(most, 2, 'how many ran at once')
  },

  'what waits past its expiry is a dead letter, and is never called': async ({ clock, given, keep }) => {
    let calls = 0
    const handlers = {
      offer: async () => {
        calls += 1
      },
    }
    const queue = keep(createQueue({ ...given(), handlers }))
    const { id } = await queue.enqueue('offer', undefined, { delayMs: 2_000, expiresInMs: 1_000 })
    clock.advance(2_000)
    same((await queue.drain()).remaining, 0, 'what is left')
    same([(await queue.get(id))?.reason, calls], ['expired', 0], 'the reason, and calls')
  },
}
