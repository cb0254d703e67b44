import { createQueue, type JobContext } from 'holdfast'
import { aborted, type Cases, gate } from './bench.ts'
import { assert, eventually, refuses, same } from './expect.ts'

/** What is done to jobs that run, and what they tell meanwhile. */
export const effectCases: Cases = {
  'progress is told, and shown with its job': async ({ clock, given, keep }) => {
    const [half, rest] = [gate(), gate()]
    const work = async (_: undefined, job: JobContext) => {
      job.progress({ done: 50 })
      half.open()
      await rest.passed
    }
    const queue = keep(createQueue({ ...given(), handlers: { work } }))
    const told: unknown[] = []
    queue.on('progress', ({ value }) => told.push(value))
    const { id } = await queue.enqueue('work', undefined)
    await queue.start()
    await half.passed
    const shown = async () => (await queue.get(id))?.progress
    await eventually('progress to be shown', shown, () => clock.advance(250))
    rest.open()
    await queue.result(id)
    same(told, [{ done: 50 }], 'the progress that was told')
  },

  'a waiting job is cancelled at once, a running one through its signal': async ({ given, keep }) => {
    const started = gate()
    const work = (_: undefined, job: JobContext) => {
      started.open()
      return aborted(job.signal)
    }
    const queue = keep(createQueue({ ...given(), handlers: { work, rest: () => null } }))
    const waiting = await queue.enqueue('rest', undefined, { delayMs: 1_000 })
    same(await queue.cancel(waiting.id), 'cancelled', 'what becomes of one that waits')
    await refuses('job-cancelled', queue.result(waiting.id), 'its result')
    const running = await queue.enqueue('work', undefined)
    await queue.start()
    await started.passed
    same(await queue.cancel(running.id), 'requested', 'what becomes of one that runs')
    await refuses('job-cancelled', queue.result(running.id), 'its result')
  },

  'a handler that is stopped gives its job back, without a charge': async ({ given, keep }) => {
    const started = gate()
    const work = async (_: undefined, job: JobContext) => {
      if (job.attempt > 1) return 'done'
      started.open()
      return aborted(job.signal)
    }
    const queue = keep(createQueue({ ...given(), handlers: { work } }))
    const { id } = await queue.enqueue('work', undefined)
    await queue.start()
    await started.passed
    await queue.stop({ graceMs: 0 })
    const job = await queue.get(id)
    same([job?.state, job?.errors, job?.releases], ['pending', 0, 1], 'the job')
    await queue.start()
    same(await queue.result<'work'>(id), 'done', 'its result')
  },

  'a job whose effect is there already is completed without a run': async ({ given, keep }) => {
    let runs = 0
    const upload = {
      isDone: async (name: string) => name === 'there',
      run: async (_: string) => {
        runs += 1
      },
    }
    const queue = keep(createQueue({ ...given(), handlers: { upload } }))
    await queue.enqueueAll(['there', 'new'].map((payload) => ({ kind: 'upload' as const, payload })))
    same((await queue.drain()).completed, 2, 'completions')
    same(runs, 1, 'runs')
  },

  'a result that is no JSON is dropped with a warning, and its job completed': async ({ given, keep }) => {
    const queue = keep(createQueue({ ...given(), handlers: { odd: async () => () => 1 } }))
    const warnings: (string | undefined)[] = []
    queue.on('warning', ({ id }) => warnings.push(id))
    const { id } = await queue.enqueue('odd')
    await queue.drain()
    const job = await queue.get(id)
    same([job?.state, job?.result ?? null], ['completed', null], 'the job')
    same(warnings, [id], 'the warnings')
  },

  'a drain gives back at its deadline what still runs': async ({ clock, given, keep }) => {
    const started = gate()
    const work = (_: undefined, job: JobContext) => {
      started.open()
      return aborted(job.signal)
    }
    const queue = keep(createQueue({ ...given(), handlers: { work } }))
    await queue.enqueue('work', undefined)
    const draining = queue.drain({ deadlineMs: 1_000 })
    await started.passed
    clock.advance(1_000)
    const { stopped, remaining } = await draining
    same([stopped, remaining], ['deadline', 1], 'what the drain tells')
    const { counts } = await queue.info()
    assert(counts.pending === 1, 'the job to be pending again')
  },
}
