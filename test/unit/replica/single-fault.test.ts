import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createQueue, defineTasks, isQueueError, memoryStore, task } from '../../../src/index.ts'
import { createReceiver, memoryAcks } from '../../../src/receiver/index.ts'
import { type Fault, faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, passing, untilLater } from '../queue/bench.ts'
import { fakeLocks } from '../queue/locks.ts'

const tasks = defineTasks({ work: task<unknown, string>({ retry: { maxAttempts: 5 } }) })
const unhandled: unknown[] = []
const note = (error: unknown) => void unhandled.push(error)

beforeEach(() => {
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
})
afterEach(async () => {
  await new Promise<void>((resolve) => setTimeout(resolve, 0))
  process.off('unhandledRejection', note)
  process.off('uncaughtException', note)
  expect(unhandled.splice(0)).toEqual([])
})

/** Whatever a store may do to one operation, and how many of them the scene below makes. */
const faults: readonly Fault[] = [{ type: 'fail-before' }, { type: 'lose-answer' }, { type: 'quota' }]
const operations = 60

describe.each(faults)('after any single storage call that ends as %o', (fault) => {
  it('the queue goes on, and every enqueue that resolved is finished and acknowledged once', async () => {
    let reached = 0
    for (let index = 0; index < operations; index++) reached += await scene(index, fault)
    // The last of them lie beyond what the scene does: so every one it does was struck.
    expect(reached).toBeGreaterThan(25)
    expect(reached).toBeLessThan(operations)
  }, 60_000)
})

/** Two contexts, a few jobs of all sorts, one fault. Resolves to 1 if it struck. */
async function scene(struck: number, fault: Fault): Promise<number> {
  let didStrike = 0
  const inner = memoryStore()
  const store = faultyStore(inner, ({ index, method }) => {
    if (index !== struck || ['hint', 'subscribe', 'close'].includes(method)) return undefined
    didStrike = 1
    return fault
  })
  const { given, keep, clock } = bench(store)
  const acked: string[] = []
  const receive = createReceiver({
    store: memoryAcks(),
    authenticate: () => 'ada',
    onAck: ({ subject }) => void acked.push(subject),
  })
  const sync = {
    url: 'https://example.test/acks',
    fetch: (url: string, init: RequestInit) => receive(new Request(url, init)),
  }
  const locks = fakeLocks()
  const work = (text: unknown, { attempt }: { attempt: number }) => {
    if (text === 'flaky' && attempt === 1) throw new Error('once')
    return 'done'
  }
  const open = () =>
    keep(createQueue({ ...given({ sync, locks: locks.context() }), tasks, handlers: { work } }))
  const [one, two] = [open(), open()]
  const taken = new Set<string>()
  const enqueue = async (payload: unknown): Promise<void> => {
    try {
      taken.add((await one.enqueue('work', payload)).id)
    } catch (error) {
      // A clear no, of something that surely did not happen.
      if (!isQueueError(error)) throw error
      expect(['store-failed', 'quota-exceeded']).toContain(error.code)
    }
  }
  const enqueues = Promise.all([enqueue('a'), enqueue('flaky'), enqueue(new Uint8Array(10))])
  await passing(clock, 5_000)
  await enqueues
  const starts = [one, two].map((queue) =>
    queue.start().catch((error: unknown) => expect(isQueueError(error)).toBe(true)),
  )
  await passing(clock, 5_000)
  await Promise.all(starts)
  const more = enqueue('b')
  await passing(clock, 5_000)
  await more
  // One that could not start says so, and may be started again.
  await Promise.all([one.start(), two.start()])
  await untilLater(clock, async () => {
    const jobs = await Promise.all([...taken].map((id) => two.get(id)))
    return jobs.every((job) => job?.state === 'completed' && job.ack === 'acked')
  })
  expect([...acked].sort()).toEqual([...taken].sort())
  await Promise.all([one.stop({ graceMs: 0 }), two.stop({ graceMs: 0 })])
  const handle = inner('mail')
  for (const id of taken) expect(await handle.payload(id)).toBeUndefined()
  await Promise.all([one.close(), two.close(), handle.close()])
  expect([locks.held, locks.waiting, clock.timers]).toEqual([[], 0, 0])
  return didStrike
}
