import { afterEach, describe, expect, it, vi } from 'vitest'
import { createQueue, defineTasks, memoryStore, type StoreFactory, task } from '../../../src/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, turns, until } from './bench.ts'

const tasks = defineTasks({ work: task<string, string>() })

/** A context that no hint reaches, how often it read the log, and another one whose hints those are. */
function deafened() {
  const { given, keep, clock, store } = bench(memoryStore())
  let reads = 0
  const deaf: StoreFactory = (name) => {
    const own = store(name)
    const read: typeof own.read = (after) => {
      reads++
      return own.read(after)
    }
    return { ...own, read, subscribe: () => () => undefined }
  }
  const queue = keep(createQueue({ ...given({ store: deaf }), tasks }))
  const other = keep(createQueue({ ...given(), tasks }))
  const pending = async (): Promise<number> => (await queue.info()).counts.pending
  return { queue, other, clock, pending, reads: () => reads }
}

afterEach(() => void vi.unstubAllGlobals())

describe('a context that runs nothing and missed a hint', () => {
  it('looks for a job that it does not know, also beside an enqueue that is too large', async () => {
    const shared = memoryStore()
    const small: StoreFactory = (name) => ({ ...shared(name), maxEntryBytes: 2_000 })
    const store = faultyStore(small, ({ method }) => (method === 'hint' ? { type: 'drop-hint' } : undefined))
    const { given, keep } = bench(store)
    const handlers = { work: (_: string) => undefined }
    const [one, other] = [
      keep(createQueue({ ...given(), handlers })),
      keep(createQueue({ ...given(), handlers })),
    ]
    await one.info()
    const { id } = await other.enqueue('work', 'a')
    const large = Array.from({ length: 5 }, () => ({ kind: 'work' as const, payload: 'x'.repeat(900) }))
    const [refused, why] = await Promise.allSettled([one.enqueueAll(large), one.why(id)])
    expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(RangeError) })
    expect(why).toMatchObject({ status: 'fulfilled', value: { reason: 'no-worker' } })
  })

  it('looks at the log when a host wakes it', async () => {
    const { queue, other, pending } = deafened()
    await queue.info()
    await other.enqueue('work', 'a')
    await turns()
    expect(await pending()).toBe(0)
    queue.wake()
    await until(async () => (await pending()) === 1)
  })

  it('opens nothing that was not open when a host wakes it', async () => {
    const { queue, reads } = deafened()
    queue.wake()
    await turns()
    expect(reads()).toBe(0)
  })

  it('looks each half a minute while a page listens to what the log tells, and no longer', async () => {
    vi.stubGlobal('document', {})
    const { queue, other, clock, reads } = deafened()
    await queue.info()
    const off = [queue.on('warning', () => undefined), queue.on('store', () => undefined)]
    expect(clock.timers).toBe(0)
    const told: string[] = []
    off.push(queue.on('enqueued', ({ id }) => told.push(id)))
    expect(clock.timers).toBe(1)
    const { id } = await other.enqueue('work', 'a')
    clock.advance(29_999)
    await turns()
    expect(told).toEqual([])
    clock.advance(1)
    await until(() => told.length > 0)
    expect(told).toEqual([id])
    for (const end of off) end()
    expect(clock.timers).toBe(0)
    expect(reads()).toBe(1)
  })

  it('sets no timer for who listens outside of pages, where a process would not end', () => {
    const { queue, clock } = deafened()
    queue.on('enqueued', () => undefined)
    expect(clock.timers).toBe(0)
  })

  it.each([
    ['info', (queue) => queue.info()],
    ['list', (queue) => queue.list()],
    ['get', (queue) => queue.get('none')],
  ] satisfies [string, (queue: ReturnType<typeof deafened>['queue']) => Promise<unknown>][])(
    'looks behind the answer of %s where it heard nothing for half a minute',
    async (_, ask) => {
      const { queue, other, clock, reads } = deafened()
      await queue.info()
      await other.enqueue('work', 'a')
      clock.advance(29_999)
      await ask(queue)
      await turns()
      expect(reads()).toBe(0)
      clock.advance(1)
      await ask(queue)
      await ask(queue)
      await until(async () => (await queue.list()).jobs.length === 1)
      expect(reads()).toBe(1)
    },
  )
})
