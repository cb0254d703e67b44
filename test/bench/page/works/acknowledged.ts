import { createReceiver, memoryAcks } from 'holdfast/receiver'
import { createCensus, expectCount, payloads } from '../jobs.ts'
import { fill, withOurs } from '../ours.ts'
import { type PageWork, scaled } from './work.ts'

/** How often the server is asked for so many acknowledgements. */
export const acknowledged: PageWork = {
  id: 'P13',
  title: 'requests for 10 000 acknowledgements',
  unit: 'requests',
  targets: [
    { ours: 'holdfast, answered at once', is: '<=', target: 25 },
    { ours: 'holdfast, answered once all ran', is: '<=', target: 25 },
  ],
  contestants: [
    { name: 'holdfast, answered at once', run: (scale) => ours(scaled(10_000, scale), 'at once') },
    {
      name: 'holdfast, answered once all ran',
      // It depends on no speed: what is sent first lingers, everything else goes in full requests.
      run: (scale) => ours(scaled(10_000, scale), 'once all ran'),
      rounds: 1,
    },
  ],
}

function ours(count: number, answering: 'at once' | 'once all ran'): Promise<number> {
  const census = createCensus(count)
  const acked = new Set<string>()
  const receive = createReceiver({
    store: memoryAcks(),
    authenticate: () => 'me',
    onAck: (ack) => void acked.add(ack.subject),
  })
  let requests = 0
  const gate = Promise.withResolvers<void>()
  if (answering === 'at once') gate.resolve()
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
    gate.resolve()
    await queue.drain()
    await queue.flush()
    census.check(count)
    expectCount('acknowledgements', acked.size, count)
    return requests
  })
}
