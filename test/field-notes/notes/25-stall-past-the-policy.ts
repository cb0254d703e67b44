import assert from 'node:assert/strict'
import { createQueue, defineTasks, memoryStore, task } from 'holdfast'
import { manualClock } from 'holdfast/testing'
import { inNode, silenceMs, stalled, until } from '../contexts.ts'
import type { Note } from '../contract.ts'

const maxCrashes = 2

/** Each holder in turn stalls; who watches takes the job back. */
async function holdersThatStall(): Promise<void> {
  const [shared, clock] = [memoryStore(), manualClock()]
  const tasks = defineTasks({ render: task<string>({}) })
  const watcher = createQueue({ name: 'films', store: shared, clock, tasks, worker: { maxCrashes } })
  const { id } = await watcher.enqueue('render', 'a film')
  await watcher.start()
  const stateOf = async (): Promise<string> => (await watcher.get(id))?.state ?? 'gone'
  const holders: { close(): Promise<void> }[] = []
  while ((await stateOf()) === 'pending') {
    const stalls = Promise.withResolvers<undefined>()
    const render = (): Promise<undefined> => stalls.promise
    const holder = createQueue({ name: 'films', ...stalled(shared), tasks, handlers: { render } })
    holders.push(holder)
    assert.ok(holders.length <= maxCrashes + 1, 'a job whose holders stall is run for ever')
    await holder.start()
    await until('a pending job is not claimed', async () => (await stateOf()) === 'running')
    clock.advance(silenceMs)
    await until(
      'the job of a stalled holder is never taken back',
      async () => (await stateOf()) !== 'running',
    )
    const crashes = (await watcher.get(id))?.crashes
    assert.equal(crashes, holders.length, `${crashes} of ${holders.length} stalls are counted`)
  }
  const job = await watcher.get(id)
  assert.equal(holders.length, maxCrashes + 1, `${holders.length} holders were lost before it was given up`)
  assert.equal(job?.reason, 'poison', `it is dead as ${job?.reason}`)
  assert.equal(job?.errors, 0, 'a stall counts as an error of the handler')
  for (const queue of [watcher, ...holders]) await queue.close()
}

/** A handler that does nothing for too long is told to stop, and that is an error like any other. */
async function handlersThatStall(): Promise<void> {
  const [clock, stallMs] = [manualClock(), 60_000]
  let runs = 0
  const render = (_: string, job: { readonly signal: AbortSignal }): Promise<undefined> =>
    new Promise((_resolve, reject) => {
      runs += 1
      job.signal.addEventListener('abort', () => reject(job.signal.reason))
    })
  const tasks = defineTasks({
    render: task<string, undefined>({ stallMs, retry: { maxAttempts: 3, backoff: 'fixed', baseMs: 1_000 } }),
  })
  const queue = createQueue({ name: 'films', store: memoryStore(), clock, tasks, handlers: { render } })
  const { id } = await queue.enqueue('render', 'a film')
  await queue.start()
  for (let run = 1; run <= 3; run++) {
    await until(`run ${run} does not begin`, () => runs === run)
    clock.advance(stallMs)
    await until('a stalled handler is waited for', async () => (await queue.get(id))?.state !== 'running')
    clock.advance(1_000)
  }
  const job = await queue.get(id)
  assert.equal(
    job?.reason,
    'errors',
    `after three stalls of three attempts it is ${job?.reason ?? job?.state}`,
  )
  await queue.close()
}

export const stallPastThePolicy: Note = inNode({
  number: 25,
  name: 'A stall bypasses the retry policy',
  others: 'no leases: nothing is ever taken back',
  async play() {
    await holdersThatStall()
    await handlersThatStall()
  },
})
