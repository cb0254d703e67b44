import { describe, expect, it } from 'vitest'
import { jobs, origin } from './counted.ts'
import { checkpoint, commits, loading, making, nothing, opening, sum, totalOf } from './cost.ts'

const large = new Uint8Array(10)

describe('what enqueueing costs in IndexedDB', { timeout: 60_000 }, () => {
  it('nothing is asked for before the first call', async () => {
    const { context, cost } = origin()
    expect(await cost(() => context())).toEqual(nothing)
  })

  it('the first is 4 transactions of 11 requests: the database is made, opened and loaded, and one commit', async () => {
    const { context, cost } = origin()
    const queue = context()
    const first = await cost(() => queue.enqueue('work', 1))
    expect(first).toEqual(sum(making, opening, loading, commits('strict', 1)))
    expect(totalOf(first)).toEqual({ transactions: 4, requests: 11 })
  })

  it('each further one that is awaited is one transaction of one request', async () => {
    const { context, cost } = origin()
    const queue = context()
    await queue.enqueue('work', 0)
    const further = await cost(async () => {
      for (let number = 1; number <= 20; number++) await queue.enqueue('work', number)
    })
    expect(further).toEqual(commits('strict', 20))
  })

  it('1 000 at once are one transaction of one request', async () => {
    const { context, cost } = origin()
    const queue = context()
    await queue.info()
    expect(await cost(() => queue.enqueueAll(jobs(1_000)))).toEqual(commits('strict', 1))
  })

  it('as many in one turn as share an entry are one, too: the store was open and nothing in flight', async () => {
    const { context, cost } = origin()
    const queue = context()
    await queue.info()
    const enqueued = () => Promise.all(jobs(1_000).map(({ kind, payload }) => queue.enqueue(kind, payload)))
    expect(await cost(enqueued)).toEqual(commits('strict', 1))
  })

  it('a payload that lies beside the log is one request more, in the same transaction', async () => {
    const { context, cost } = origin()
    const queue = context()
    await queue.info()
    const oneEntry = (count: number) => ({
      transactions: { 'strict log+payloads': 1 },
      requests: { 'log.add': 1, 'payloads.put': count },
    })
    expect(await cost(() => queue.enqueue('work', large))).toEqual(oneEntry(1))
    expect(await cost(() => queue.enqueueAll(jobs(100, large)))).toEqual(oneEntry(100))
  })

  it('1 000 events bring a checkpoint: 4 requests, and one for each page that changed, once nobody appends', async () => {
    const { context, cost, quiet } = origin()
    const queue = context()
    await queue.enqueueAll(jobs(1_000))
    // 256 jobs a page make four; the other two tell where counting goes on, and who wrote how much.
    expect(await cost(() => queue.enqueue('work', 1))).toEqual(commits('strict', 1))
    expect(await cost(quiet)).toEqual(checkpoint(6))
    expect(await cost(quiet)).toEqual(nothing)
  })
})
