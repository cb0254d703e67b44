import { createQueue, defineTasks, FatalError, type JobContext, RetryError, snooze, task } from 'holdfast'
import { aborted, type Cases } from './bench.ts'
import { assert, eventually, refuses, same } from './expect.ts'

/** Attempts: how they end, and what comes of it. */
export const runningCases: Cases = {
  'a job runs, and its result can be waited for': async ({ given, keep }) => {
    const handlers = { greet: async (name: string) => ({ text: `Hello, ${name}` }) }
    const queue = keep(createQueue({ ...given(), handlers }))
    const { id, outcome } = await queue.enqueue('greet', 'Ada')
    same(outcome, 'created', 'the outcome')
    await queue.start()
    same(await queue.result<'greet'>(id), { text: 'Hello, Ada' }, 'the result')
    same((await queue.get(id))?.state, 'completed', 'its state')
  },

  'a handler is told what there is to know of its job': async ({ given, keep }) => {
    const seen: JobContext[] = []
    const handlers = { note: async (_: number, job: JobContext) => void seen.push(job) }
    const queue = keep(createQueue({ ...given(), handlers }))
    const { id } = await queue.enqueue('note', 1, { key: 'k' })
    await queue.drain()
    const [job] = seen
    same([job?.id, job?.kind, job?.attempt, job?.key], [id, 'note', 1, 'k'], 'the job')
    assert(job?.signal.aborted === false, 'a signal that has not aborted')
  },

  'a failure is tried again after its backoff, and keeps its idempotency key': async (bench) => {
    const keys: string[] = []
    const retry = { backoff: 'fixed', baseMs: 1_000, minMs: 1_000, maxAttempts: 5 } as const
    const tasks = defineTasks({ flaky: task<undefined, number>({ retry }) })
    const flaky = async (_: undefined, job: JobContext) => {
      keys.push(job.idempotencyKey)
      if (job.attempt < 3) throw new Error('Not yet')
      return job.attempt
    }
    const queue = bench.keep(createQueue({ ...bench.given(), tasks, handlers: { flaky } }))
    const { id } = await queue.enqueue('flaky')
    const first = await queue.drain()
    same([first.failed, first.completed, first.remaining], [1, 0, 1], 'the first drain')
    same(first.nextAt, bench.clock.now() + 1_000, 'when it may go on')
    bench.clock.advance(999)
    same((await queue.drain()).failed, 0, 'failures before its wait is over')
    bench.clock.advance(1)
    same((await queue.drain()).failed, 1, 'failures after it')
    bench.clock.advance(1_000)
    same((await queue.drain()).completed, 1, 'completions at the third attempt')
    same(await queue.result<'flaky'>(id), 3, 'the result')
    same(new Set(keys).size, 1, 'how many idempotency keys there were')
    same(
      (await queue.get(id))?.failures.map(({ message }) => message),
      ['Not yet', 'Not yet'],
      'failures',
    )
  },

  'a wait that a RetryError asks for is never cut short': async ({ clock, given, keep }) => {
    const busy = async (_: undefined, job: JobContext) => {
      if (job.attempt === 1) throw new RetryError('Busy', { afterMs: 60_000 })
    }
    const queue = keep(createQueue({ ...given(), handlers: { busy } }))
    const { id } = await queue.enqueue('busy', undefined)
    await queue.drain()
    clock.advance(59_999)
    same((await queue.drain()).completed, 0, 'completions before')
    same((await queue.why(id)).reason, 'scheduled', 'why it waits')
    clock.advance(60_000)
    same((await queue.drain()).completed, 1, 'completions after')
  },

  'what failed too often is a dead letter, with every failure': async ({ clock, given, keep }) => {
    const tasks = defineTasks({ no: task({ retry: { maxAttempts: 2, baseMs: 10 } }) })
    const no = async () => {
      throw new TypeError('No')
    }
    const queue = keep(createQueue({ ...given(), tasks, handlers: { no } }))
    const { id } = await queue.enqueue('no')
    await queue.drain()
    clock.advance(10)
    same((await queue.drain()).dead, 1, 'dead letters')
    const { jobs } = await queue.deadLetters()
    same(
      jobs.map((job) => [job.id, job.reason]),
      [[id, 'errors']],
      'the dead letters',
    )
    same(
      jobs[0]?.failures.map(({ name, attempt }) => `${name} ${attempt}`),
      ['TypeError 1', 'TypeError 2'],
      'failures',
    )
    await refuses('job-dead', queue.result(id), 'waiting for its result')
  },

  'a FatalError makes a dead letter at once': async ({ given, keep }) => {
    const bad = async () => {
      throw new FatalError('Cannot: it is no good')
    }
    const queue = keep(createQueue({ ...given(), handlers: { bad } }))
    const { id } = await queue.enqueue('bad')
    same(await queue.drain().then(({ dead, failed }) => [dead, failed]), [1, 1], 'what the drain tells')
    const job = await queue.get(id)
    same([job?.reason, job?.attempt], ['fatal', 1], 'the dead letter')
  },

  'a snooze calls again later, and charges nothing': async ({ clock, given, keep }) => {
    const nap = async (_: undefined, job: JobContext) => (job.attempt < 3 ? snooze(5_000) : 'awake')
    const queue = keep(createQueue({ ...given(), handlers: { nap } }))
    const { id } = await queue.enqueue('nap', undefined)
    for (let time = 0; time < 3; time += 1) {
      await queue.drain()
      clock.advance(5_000)
    }
    const job = await queue.get(id)
    same([job?.state, job?.attempt, job?.errors], ['completed', 3, 0], 'the job')
  },

  'an attempt that takes too long is aborted, and counts as an error': async ({ clock, given, keep }) => {
    const tasks = defineTasks({ slow: task({ timeoutMs: 30_000, retry: { maxAttempts: 1 } }) })
    const reasons: unknown[] = []
    const slow = (_: undefined, job: JobContext) =>
      aborted(job.signal).catch((reason: unknown) => {
        reasons.push(reason instanceof Error && 'code' in reason ? reason.code : reason)
        throw reason
      })
    const queue = keep(createQueue({ ...given(), tasks, handlers: { slow } }))
    const { id } = await queue.enqueue('slow')
    await queue.start()
    await eventually('the handler to run', () => queue.info().then(({ worker }) => worker.running === 1))
    same(reasons, [], 'reasons so far')
    clock.advance(30_000)
    await refuses('job-dead', queue.result(id), 'its result')
    same(reasons, ['timeout'], 'the reason of its signal')
  },

  'delivery at most once calls a handler once, and then says that it may have run': async (bench) => {
    const tasks = defineTasks({ pay: task({ delivery: 'at-most-once' }) })
    let calls = 0
    const pay = async () => {
      calls += 1
      throw new Error('The answer was lost')
    }
    const queue = bench.keep(createQueue({ ...bench.given(), tasks, handlers: { pay } }))
    const { id } = await queue.enqueue('pay')
    await queue.drain()
    bench.clock.advance(86_400_000)
    await queue.drain()
    same([calls, (await queue.get(id))?.reason], [1, 'maybe-ran'], 'calls, and the reason')
  },
}
