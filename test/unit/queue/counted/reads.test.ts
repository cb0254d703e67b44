import { describe, expect, it } from 'vitest'
import { channels } from './channels.ts'
import { jobs, origin } from './counted.ts'
import { commits, loading, nothing, opening, payloads, reading, sum, totalOf } from './cost.ts'

describe('what reading costs in IndexedDB', { timeout: 60_000 }, () => {
  it.each([1, 1_000, 2_500])('a cold start with %i jobs is 2 transactions of 7 requests', async (count) => {
    const { context, cost } = origin()
    const before = context()
    await cost(() => before.enqueueAll(jobs(count)))
    await before.close()
    const queue = context()
    const cold = await cost(() => queue.info())
    expect(cold).toEqual(sum(opening, loading))
    expect(totalOf(cold)).toEqual({ transactions: 2, requests: 7 })
    expect((await queue.info()).counts.pending).toBe(count)
  })

  it('what is known is read without the store', async () => {
    const { context, cost } = origin()
    const queue = context()
    const { id } = await queue.enqueue('work', 1)
    const asked = () =>
      Promise.all([queue.get(id), queue.list(), queue.info(), queue.why(id), queue.payload(id)])
    expect(await cost(asked)).toEqual(nothing)
  })

  it('a payload that lies beside the log is one transaction of one request', async () => {
    const { context, cost } = origin()
    const queue = context()
    const { id } = await queue.enqueue('work', new Uint8Array(10))
    expect(await cost(() => queue.payload(id))).toEqual(payloads(1))
  })

  it('a hint is followed by one transaction of 4 requests, whatever was appended', async () => {
    channels()
    const { context, cost } = origin()
    const [queue, watcher] = [context(), context()]
    await Promise.all([queue.info(), watcher.info()])
    const enqueued = await cost(() => queue.enqueueAll(jobs(100)))
    expect(enqueued).toEqual(sum(commits('strict', 1), reading))
    expect((await watcher.info()).counts.pending).toBe(100)
  })
})
