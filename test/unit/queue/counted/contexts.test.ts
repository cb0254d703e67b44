import { describe, expect, it } from 'vitest'
import { channels } from './channels.ts'
import { jobs, origin, trivial } from './counted.ts'
import { totalOf } from './cost.ts'

/** Two contexts drain together so many jobs; whatever one appends, the other hears of at once. */
async function together(count: number, concurrency: number) {
  const told = channels()
  const { context, cost, entries } = origin()
  const options = { work: trivial, worker: { concurrency } }
  const [one, other] = [context(options), context(options)]
  await cost(() => Promise.all([one.info(), other.info()]))
  await cost(() => one.enqueueAll(jobs(count)))
  const before = (await entries()).length
  const shares: number[] = []
  const spent = await cost(async () => {
    const drained = await told.during(Promise.all([one.drain(), other.drain()]))
    shares.push(...drained.map(({ completed }) => completed))
  })
  return { spent, shares, entries: (await entries()).length - before }
}

describe('what it costs that two contexts drain one queue', { timeout: 60_000 }, () => {
  it('at concurrency 1 no entry more: one for each job, and one for the first claim of each', async () => {
    const { entries, shares } = await together(100, 1)
    expect(entries).toBe(102)
    expect(shares).toEqual([50, 50])
  })

  it('at concurrency 100 no entry more, either', async () => {
    const { entries } = await together(800, 100)
    expect(entries).toBe(8 + 2)
  })

  it('one transaction more for each context: from the first entry that was refused on they read before they write', async () => {
    const { spent, entries } = await together(100, 1)
    const refused = 2
    expect(spent.requests['log.add']).toBe(entries + refused)
    // Each context learns in one more that nothing is left, and one has read at a hint.
    expect(totalOf(spent).transactions).toBe(entries + refused + 2 + 1)
  })
})
