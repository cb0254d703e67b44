import { createReceiver, memoryAcks } from 'holdfast/receiver'
import { createCensus, expectCount, payloads } from '../jobs.ts'
import { fill, withOurs } from '../ours.ts'
import { type PageWork, scaled } from './work.ts'

/** How often the server is asked for so many acknowledgements. */
export const acknowledged: PageWork = {
  id: 'P13',
  title: 'requests for 10 000 acknowledgements',
  unit: 'requests',
  targets: [{ ours: 'holdfast, to its receiver', is: '<=', target: 25 }],
  contestants: [
    { name: 'holdfast, to its receiver', run: (scale) => ours(scaled(10_000, scale)), rounds: 1 },
  ],
}

function ours(count: number): Promise<number> {
  const census = createCensus(count)
  const acked = new Set<string>()
  const receive = createReceiver({
    store: memoryAcks(),
    authenticate: () => 'me',
    onAck: (ack) => void acked.add(ack.subject),
  })
  let requests = 0
  const gate = Promise.withResolvers<void>()
  const sync = {
    url: 'https://example.com/acks',
    async fetch(url: string, init: RequestInit) {
      requests += 1
      await gate.promise
      return receive(new Request(url, init))
    },
  }
  return withOurs({ durability: 'relaxed', sync, run: census.run }, async (queue) => {
    await fill(queue, payloads(count))
    await queue.start()
    await census.reached(count)
    // The server answers from now on only: how many go in one request is then no matter of the drain's speed.
    gate.resolve()
    await queue.drain()
    await queue.flush()
    census.check(count)
    expectCount('acknowledgements', acked.size, count)
    return requests
  })
}
