import { describe, expect, it } from 'vitest'
import { server } from '../../sync/device.ts'
import { turns } from '../bench.ts'
import { channels } from './channels.ts'
import { jobs, origin, trivial } from './counted.ts'
import { checkpoint, commits, looking, reading, sum } from './cost.ts'

/** A context that acknowledges to a receiver over memory, which takes so many turns to be reached. */
function device(distance = 0) {
  const { fetch, requests, effects } = server()
  const place = origin()
  const far: typeof fetch = async (...sent) => {
    await turns(distance)
    return fetch(...sent)
  }
  const sync = { url: 'http://localhost/acks', fetch: far }
  const bodies = () => Promise.all(requests.map((request) => request.clone().text()))
  return {
    ...{ ...place, effects, requests },
    worker: () => place.context({ work: trivial, worker: { concurrency: 100 }, sync }),
    /** How many events each request had, and how many bytes. */
    sizes: async () => (await bodies()).map((body) => [JSON.parse(body).length, body.length]),
  }
}

describe('what acknowledging a drain of 1 000 costs', { timeout: 60_000 }, () => {
  it('2 requests of 500 acknowledgements, 386 bytes each', async () => {
    const { worker, sizes, effects } = device()
    const queue = worker()
    await queue.enqueueAll(jobs(1_000))
    await queue.drain()
    expect(await sizes()).toEqual([
      [500, 192_893],
      [500, 193_002],
    ])
    expect(new Set(effects).size).toBe(1_000)
  })

  it('an entry that takes the outbox, and one for each request that is answered', async () => {
    const { worker, cost, quiet } = device()
    const queue = worker()
    await cost(() => queue.enqueueAll(jobs(1_000)))
    const drained = await cost(() => queue.drain())
    const worked = sum(commits('relaxed', 1), commits('strict', 10), looking)
    const acknowledged = sum(reading, commits('relaxed', 1 + 2))
    expect(drained).toEqual(sum(worked, acknowledged))
    // The pages that a drain without has to write, and that of the outbox; of acknowledgements none is left.
    const left = { transactions: {}, requests: { 'pages.delete': 4 } }
    expect(await cost(quiet)).toEqual(sum(checkpoint(6 + 1), left))
  })

  it('a flush with nothing to tell reads once, and writes and sends nothing', async () => {
    const { worker, cost, requests } = device()
    const queue = worker()
    await queue.info()
    expect(await cost(() => queue.flush())).toEqual(reading)
    expect(requests).toHaveLength(0)
  })

  it('not one request more where two contexts drain: who finds the other sending waits for it', async () => {
    const told = channels()
    const { worker, cost, requests, effects } = device(100)
    const [one, other] = [worker(), worker()]
    await cost(() => Promise.all([one.info(), other.info()]))
    await cost(() => one.enqueueAll(jobs(1_000)))
    const drained = await told.during(Promise.all([one.drain(), other.drain()]))
    expect(drained.map(({ remaining }) => remaining)).toContain(0)
    expect(requests).toHaveLength(2)
    expect([effects.length, new Set(effects).size]).toEqual([1_000, 1_000])
  })
})
