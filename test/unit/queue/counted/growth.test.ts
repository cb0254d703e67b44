import { nanoid } from 'nanoid'
import { describe, expect, it } from 'vitest'
import { platformKey } from '../../../../src/queue/platform.ts'
import { type Counted, jobs, origin, trivial } from './counted.ts'

const oneInFifty = [...jobs(490), ...jobs(10, new Uint8Array(10))]

describe('what is left of jobs that are through', { timeout: 60_000 }, () => {
  /** A queue, and how to send jobs through it, with what lies in its object stores then. */
  function flow(queue: Counted, { cost, records }: ReturnType<typeof origin>) {
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
      }
      return left()
    }
  }

  it('5 000, and 5 000 more, leave 32 entries, 7 pages of what is retained, and no payload', async () => {
    const place = origin()
    const through = flow(place.context({ work: trivial, worker: { concurrency: 100 } }), place)
    // The entries of four checkpoints, kept for who reads slowly, and those after the last: 8 for each 500 jobs.
    const left = { log: 32, pages: 7, payloads: 0 }
    expect(await through(10)).toEqual(left)
    expect(await through(10)).toEqual(left)
  })

  it('one at a time, with a checkpoint each 100 events, 500 and 500 more leave 168 entries and 3 pages', async () => {
    const place = origin()
    const queue = place.context({
      work: trivial,
      worker: { concurrency: 1 },
      retention: { finishedCount: 0 },
      [platformKey]: { locks: undefined, mint: () => nanoid(), isHidden: () => false, checkpointEvents: 100 },
    })
    const through = flow(queue, place)
    // An entry completes a job, removes it and claims the next: 34 make a checkpoint due, and five times as many are kept.
    const left = { log: 168, pages: 3, payloads: 0 }
    expect(await through(5, jobs(100))).toEqual(left)
    expect(await through(5, jobs(100))).toEqual(left)
  })
})
