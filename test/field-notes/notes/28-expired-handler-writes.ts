import assert from 'node:assert/strict'
import { createQueue, defineTasks, isQueueError, type JobContext, memoryStore, task } from 'holdfast'
import { manualClock } from 'holdfast/testing'
import { inNode, silenceMs, stalled, until } from '../contexts.ts'
import type { Note } from '../contract.ts'

/** Past its time-out a handler is told to stop, and until it does nobody else begins. */
async function timedOut(): Promise<void> {
  const [clock, timeoutMs] = [manualClock(), 60_000]
  const jobs: JobContext[] = []
  const goesOn = Promise.withResolvers<undefined>()
  const tasks = defineTasks({ render: task<string, undefined>({ timeoutMs }) })
  const queue = createQueue({
    ...{ name: 'films', store: memoryStore(), clock, tasks },
    handlers: {
      render: (_, job) => {
        jobs.push(job)
        return goesOn.promise
      },
    },
  })
  await queue.enqueue('render', 'a film')
  await queue.start()
  await until('the handler is not called', () => jobs.length === 1)
  const { signal } = jobs[0] ?? {}
  clock.advance(timeoutMs)
  assert.ok(signal?.aborted, 'the handler is not told that its time is up')
  assert.ok(isQueueError(signal.reason, 'timeout'), 'it is not told why')
  clock.advance(silenceMs)
  assert.equal((await queue.info()).worker.stuck, 1, 'info does not tell of the handler that goes on')
  assert.equal(jobs.length, 1, 'a second run begins beside the first')
  goesOn.resolve(undefined)
  await until('it never settles', async () => (await queue.info()).worker.running === 0)
  await queue.close()
}

/** Past its lease a handler runs beside its heir, and nothing that it writes counts. */
async function leaseIsOver(): Promise<void> {
  const [shared, clock] = [memoryStore(), manualClock()]
  const jobs: JobContext[] = []
  const goesOn = Promise.withResolvers<string>()
  const open = (given: Partial<ReturnType<typeof stalled>>) =>
    createQueue({
      ...{ name: 'films', store: shared, clock, ...given },
      handlers: {
        render: (_: string, job): Promise<string> => {
          jobs.push(job)
          return goesOn.promise
        },
      },
    })
  const [holder, heir] = [open(stalled(shared)), open({})]
  const { id } = await holder.enqueue('render', 'a film')
  await holder.start()
  await until('the handler is not called', () => jobs.length === 1)
  const [late] = jobs
  assert.ok(late)
  const { signal } = late
  await heir.start()
  clock.advance(silenceMs)
  await until('the job is never taken back', () => jobs.length === 2)
  await jobs[1]?.checkpoint('the heir’s')

  const refused = await late.checkpoint('the late one’s').then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(isQueueError(refused, 'lease-lost'), 'a late checkpoint is taken')
  await until('the late handler is not told to stop', () => signal.aborted)
  assert.ok(isQueueError(signal.reason, 'lease-lost'), 'it is not told why')
  late.progress(99)
  goesOn.resolve('done')
  for (const queue of [holder, heir]) {
    await until('it never settles', async () => (await queue.info()).worker.running === 0)
  }
  const job = await heir.get(id)
  assert.equal(job?.state, 'completed', `the job is ${job?.state}`)
  assert.equal(job?.epoch, 2, 'the late handler completes it')
  assert.equal(job?.progress, undefined, 'the late handler’s progress is shown')
  await Promise.all([holder.close(), heir.close()])
}

export const expiredHandlerWrites: Note = inNode({
  number: 28,
  name: 'The expired handler keeps running and writes',
  others: 'no leases: nothing is ever taken back',
  async play() {
    await timedOut()
    await leaseIsOver()
  },
})
