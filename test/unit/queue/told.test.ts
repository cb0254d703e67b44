import { describe, expect, it } from 'vitest'
import { createQueue, defineTasks, task } from '../../../src/index.ts'
import { createReceiver, memoryAcks } from '../../../src/receiver/index.ts'
import { bench, record, until } from './bench.ts'

const tasks = defineTasks({ work: task<string, string>() })

describe('what several entries that are read at once tell', () => {
  it('is told entry by entry, acknowledgements included, and to their owner alone', async () => {
    const receive = createReceiver({ store: memoryAcks(), authenticate: () => 'ada', onAck: () => undefined })
    const fetch = (url: string, init: RequestInit) => receive(new Request(url, init))
    const sync = { url: 'https://example.test/acks', fetch }
    const { given, keep, clock } = bench()
    const queue = keep(createQueue({ ...given({ sync }), tasks, handlers: { work: () => 'done' } }))
    const watcher = keep(createQueue({ ...given(), tasks }))
    const eve = keep(createQueue({ ...given({ owner: 'eve' }), tasks }))
    const [told, seen] = [record(queue, 'completed', 'acked'), record(watcher, 'completed', 'acked')]
    const theirs = record(eve, 'completed', 'acked')
    const first = record(watcher, 'enqueued')
    await Promise.all([watcher.info(), eve.info()])
    // The first hint is followed at once, and what comes after it in the same quarter of a second is read together.
    await queue.enqueue('work', 'later', { delayMs: 3_600_000 })
    await until(() => first.length === 1)
    for (const text of ['a', 'b']) {
      await queue.enqueue('work', text)
      await queue.drain()
    }
    expect(told.map(([name]) => name)).toEqual(['completed', 'acked', 'completed', 'acked'])
    expect(seen).toEqual([])
    clock.advance(250)
    await until(() => seen.length === told.length)
    expect(seen).toEqual(told)
    await eve.list()
    await eve.enqueue('work', 'mine')
    expect(theirs).toEqual([])
  })
})
