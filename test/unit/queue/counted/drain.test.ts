import { describe, expect, it } from 'vitest'
import { jobs, origin, trivial } from './counted.ts'
import { checkpoint, commits, looking, sum, totalOf } from './cost.ts'

/** With so many jobs to run, and a concurrency. */
async function laden(count: number, concurrency: number, payload?: unknown) {
  const { context, ...place } = origin()
  const queue = context({ work: trivial, worker: { concurrency } })
  await queue.enqueueAll(jobs(count, payload))
  return { queue, ...place }
}

describe('what running jobs costs in IndexedDB', { timeout: 60_000 }, () => {
  it('a worker that starts looks once, on the truth, for what another left behind', async () => {
    const { context, cost } = origin()
    const queue = context({ work: trivial })
    await queue.info()
    expect(await cost(() => queue.start())).toEqual(looking)
  })

  it('a lone job is 2 transactions of one request: it comes in claimed, and it completes', async () => {
    const { context, cost } = origin()
    const queue = context({ work: trivial })
    await queue.start()
    const lone = await cost(async () => queue.result((await queue.enqueue('work', 1)).id))
    expect(lone).toEqual(commits('strict', 2))
  })

  it('100 at concurrency 1 are 102 transactions: one for each, one for the first claim, one that finds no more', async () => {
    const { queue, cost } = await laden(100, 1)
    const drained = await cost(() => queue.drain())
    // Each but the first is claimed in the entry that completes the one before.
    expect(drained).toEqual(sum(commits('relaxed', 1), commits('strict', 100), looking))
    expect(totalOf(drained)).toEqual({ transactions: 102, requests: 105 })
  })

  it('1 000 at concurrency 100 are 12: 11 entries, and one that finds no more; the checkpoint waits', async () => {
    const { queue, cost, quiet } = await laden(1_000, 100)
    const drained = await cost(() => queue.drain())
    const entries = sum(commits('relaxed', 1), commits('strict', 10))
    expect(drained).toEqual(sum(entries, looking))
    expect(totalOf(drained)).toEqual({ transactions: 12, requests: 15 })
    // 4 pages of jobs, the writer's, and where counting goes on.
    expect(await cost(quiet)).toEqual(checkpoint(6))
  })

  it('twice the jobs are twice the entries', async () => {
    const { queue, cost } = await laden(2_000, 100)
    const { transactions } = await cost(() => queue.drain())
    expect(transactions).toMatchObject({ 'relaxed log': 1, 'strict log': 20 })
  })

  it('a payload that lies beside the log is read when its job begins, and gone when it ends', async () => {
    const { queue, cost } = await laden(100, 100, new Uint8Array(10))
    const { transactions, requests } = await cost(() => queue.drain())
    expect(transactions).toMatchObject({ 'read payloads': 1, 'relaxed log': 1, 'strict log+payloads': 1 })
    expect(requests).toMatchObject({ 'payloads.get': 100, 'payloads.delete': 100 })
  })
})
