import { nanoid } from 'nanoid'
import { describe, expect, it } from 'vitest'
import { platformKey } from '../../../../src/queue/platform.ts'
import { type Counted, jobs, origin, trivial } from './counted.ts'

const oneInFifty = [...jobs(490), ...jobs(10, new Uint8Array(10))]

describe('what is left of jobs that are through', { timeout: 60_000 }, () => {
  /** A queue, and how to send jobs through it, with what lies in its object stores then. */
  function flow(queue: Counted, { cost, records, quiet }: ReturnType<typeof origin>, isBusy: boolean) {
    const left = async () => ({
      log: (await records('log')).length,
      pages: (await records('pages')).length,
      payloads: (await records('payloads')).length,
    })
    return async (rounds: number, items = oneInFifty) => {
      for (let round = 0; round < rounds; round++) {
        await cost(async () => {
          await queue.enqueueAll(items)
          await queue.drain()
        })
        if (!isBusy) await quiet()
      }
      return left()
    }
  }

  it.each([
    { title: 'with pauses, 33 entries', isBusy: false, log: 33 },
    { title: 'without a pause, 33 entries and up to 64 more', isBusy: true, log: 33 },
  ])('4 000, and 4 000 more, leave 7 pages of what is retained, no payload, and $title', async (given) => {
    const place = origin()
    const queue = place.context({ work: trivial, worker: { concurrency: 100 } })
    const through = flow(queue, place, given.isBusy)
    // Those since one was due four times before the last that was written, kept for who reads slowly: 8 for each 500 jobs.
    const left = { log: given.log, pages: 7, payloads: 0 }
    expect(await through(8)).toEqual(left)
    expect(await through(8)).toEqual(left)
    // Without a pause, one is written the eighth time that it is due.
    expect(await through(7)).toMatchObject({ log: given.isBusy ? given.log + 7 * 8 : given.log })
  })

  it('one at a time, with one due each 100 events, 500 and 500 more leave 3 pages and 180 entries at the most', async () => {
    const place = origin()
    const queue = place.context({
      work: trivial,
      worker: { concurrency: 1 },
      retention: { finishedCount: 0 },
      [platformKey]: { locks: undefined, mint: () => nanoid(), isHidden: () => false, checkpointEvents: 100 },
    })
    const through = flow(queue, place, true)
    // An entry completes a job, removes it and claims the next: 15 make a checkpoint due, and eight times as many have it
    // written, before which four times as many are kept.
    expect(await through(5, jobs(100))).toEqual({ log: 113, pages: 3, payloads: 0 })
    expect(await through(5, jobs(100))).toEqual({ log: 158, pages: 3, payloads: 0 })
  })
})
