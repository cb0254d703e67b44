import { describe, expect, it } from 'vitest'
import { channels } from './channels.ts'
import { jobs, origin, type Work } from './counted.ts'

/** How many messages a drain of 1 000 jobs is worth, those that were still gathered included. */
async function messages(concurrency: number, work: (pass: (ms: number) => void) => void): Promise<number> {
  const told = channels()
  const { context } = origin()
  const handler: Work = () => work(told.advance)
  const queue = context({ work: handler, worker: { concurrency } })
  await queue.enqueueAll(jobs(1_000))
  told.advance(1_000)
  const before = told.posted
  await queue.drain()
  told.advance(1_000)
  return told.posted - before
}

describe('how often other contexts are told of a drain of 1 000', { timeout: 60_000 }, () => {
  it('in less than 20 ms: at once, and of all the rest together', async () => {
    expect(await messages(100, () => undefined)).toBe(2)
  })

  it('one by one, a millisecond each: 52 times for 1 001 entries, that is every 20 ms', async () => {
    expect(await messages(1, (pass) => pass(1))).toBe(52)
  })

  it('entries that are 100 ms apart: of each of the 11', async () => {
    expect(await messages(100, (pass) => pass(1))).toBe(11)
  })

  it('reading and waiting tell nobody anything', async () => {
    const told = channels()
    const { context } = origin()
    const queue = context()
    await Promise.all([queue.info(), queue.list(), queue.rejectedAcks()])
    told.advance(1_000)
    expect(told.posted).toBe(0)
  })
})
