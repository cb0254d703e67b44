import { describe, expect, it } from 'vitest'
import { createQueue, defineTasks, memoryStore, task } from '../../../src/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, gate, record, turns, until } from '../queue/bench.ts'

const tasks = defineTasks({ work: task<number, number>() })
const work = (number: number) => number
const items = (count: number) =>
  Array.from({ length: count }, (_, payload) => ({ kind: 'work' as const, payload }))

describe('what it costs, counted', { timeout: 60_000 }, () => {
  it('an enqueue that is awaited is one commit', async () => {
    const store = faultyStore(memoryStore())
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    await queue.enqueue('work', 0)
    expect(store.counts).toMatchObject({ load: 1, commit: 1, read: 0, payload: 0 })
    for (let number = 1; number < 20; number++) await queue.enqueue('work', number)
    await turns()
    expect(store.counts).toMatchObject({ load: 1, commit: 20, read: 0, checkpoint: 0 })
  })

  it('1 000 enqueues at once are one commit, whatever their payloads', async () => {
    for (const payload of [1, new Uint8Array(10)]) {
      const store = faultyStore(memoryStore())
      const { given, keep } = bench(store)
      const queue = keep(createQueue({ ...given(), tasks: { work: task<unknown>() } }))
      await Promise.all(Array.from({ length: 1_000 }, () => queue.enqueue('work', payload)))
      expect(store.counts.commit).toBe(1)
      expect((await queue.info()).counts.pending).toBe(1_000)
    }
  })

  it('a context that others were ahead of is told first before it decides, until three times there was nothing to tell', async () => {
    const store = memoryStore()
    const asked: boolean[] = []
    const observed: typeof store = (name) => {
      const inner = store(name)
      return {
        ...inner,
        commit(after, decide, options) {
          asked.push(options?.fresh ?? false)
          return inner.commit(after, decide, options)
        },
      }
    }
    const { given, keep } = bench(store)
    const other = keep(createQueue({ ...given(), tasks }))
    const queue = keep(createQueue({ ...given(), store: observed, tasks }))
    await Promise.all([other.info(), queue.info()])
    // Both are committed at the position that both know.
    await Promise.all([other.enqueue('work', 1), queue.enqueue('work', 2)])
    for (const number of [3, 4, 5, 6]) await queue.enqueue('work', number)
    expect(asked).toEqual([false, true, true, true, false])
    expect((await queue.info()).counts.pending).toBe(6)
  })

  it('what brings in more than 1 000 jobs is decided on in a task of its own', async () => {
    const store = faultyStore(memoryStore())
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    await queue.info()
    for (const [count, commits] of [
      [1_000, 1],
      [1_001, 0],
    ] as const) {
      const before = store.counts.commit
      const items = Array.from({ length: count }, (_, payload) => ({ kind: 'work' as const, payload }))
      const enqueued = queue.enqueueAll(items)
      for (let turn = 0; turn < 100; turn++) await undefined
      expect(store.counts.commit - before).toBe(commits)
      await enqueued
    }
  })

  it('a drain at concurrency 100 of 5 000 trivial jobs is one commit for each 100 of them', async () => {
    const store = faultyStore(memoryStore())
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given({ worker: { concurrency: 100 } }), tasks, handlers: { work } }))
    await queue.enqueueAll(
      Array.from({ length: 5_000 }, (_, payload) => ({ kind: 'work' as const, payload })),
    )
    const before = store.counts.commit
    expect(await queue.drain()).toMatchObject({ completed: 5_000, remaining: 0 })
    // And one for the first claims, and one that finds nothing left to do.
    expect(store.counts.commit - before).toBe(5_000 / 100 + 2)
  })

  it('a drain at concurrency 1 is one commit a job: its completion and the next claim share it', async () => {
    const store = faultyStore(memoryStore())
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given({ worker: { concurrency: 1 } }), tasks, handlers: { work } }))
    await queue.enqueueAll(Array.from({ length: 100 }, (_, payload) => ({ kind: 'work' as const, payload })))
    const before = store.counts.commit
    await queue.drain()
    // One for each job, one for the first claim, and one that finds nothing left to do.
    expect(store.counts.commit - before).toBe(102)
  })

  it('a job that is enqueued where a slot is free is claimed in the very entry that brings it', async () => {
    const store = faultyStore(memoryStore())
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    await queue.start()
    const before = store.counts.commit
    await queue.result((await queue.enqueue('work', 1)).id)
    expect(store.counts.commit - before).toBe(2)
  })

  it('reads cost nothing, and a context that only watches reads at once, then four times a second', async () => {
    const store = faultyStore(memoryStore())
    const { given, keep, clock } = bench(store)
    const [queue, watcher] = [
      keep(createQueue({ ...given(), tasks })),
      keep(createQueue({ ...given(), tasks })),
    ]
    await watcher.info()
    const reads = store.counts.read
    for (let number = 0; number < 100; number++) {
      await queue.enqueue('work', number)
      clock.advance(10)
      await turns(2)
    }
    expect(store.counts.read - reads).toBe(1 + 4)
    const before = { ...store.counts }
    await Promise.all([queue.list(), queue.info(), queue.deadLetters(), queue.rejectedAcks()])
    queue.view().getSnapshot()
    expect(store.counts).toEqual(before)
  })

  it('a checkpoint is written for each 1 000 events once nothing was appended for a while, and what is loaded then is short', async () => {
    const store = faultyStore(memoryStore())
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    for (let pass = 1; pass <= 5; pass++) {
      // More than 1 000 events, and fewer than 2 000.
      await queue.enqueueAll(items(600))
      await queue.drain()
      clock.advance(99)
      await turns()
      expect(store.counts.checkpoint).toBe(pass - 1)
      clock.advance(1)
      await turns()
      expect(store.counts.checkpoint).toBe(pass)
    }
    const handle = store('mail')
    const { entries, mark } = await handle.load()
    expect(mark).toBeGreaterThan(0)
    expect(entries).toHaveLength(0)
    await handle.close()
  })

  it('a checkpoint is put off by every entry, and written the eighth time that it is due', async () => {
    const store = faultyStore(memoryStore())
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given({ worker: { concurrency: 100 } }), tasks, handlers: { work } }))
    for (let pass = 1; pass <= 20; pass++) {
      await queue.enqueueAll(items(600))
      await queue.drain()
      clock.advance(60)
      await turns()
      expect(store.counts.checkpoint).toBe(Math.floor(pass / 8))
    }
  })

  it('a checkpoint that the store refused is told once, and tried again when the next is due', async () => {
    let isBroken = true
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'checkpoint' && isBroken ? { type: 'fail-before' } : undefined,
    )
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    const told = record(queue, 'store')
    await queue.enqueueAll(items(1_100))
    for (let number = 0; number < 20; number++) await queue.enqueue('work', number)
    clock.advance(100)
    await turns()
    expect(told.filter(([, event]) => Object(event).state === 'failing')).toHaveLength(1)
    isBroken = false
    await queue.enqueueAll(items(1_100))
    clock.advance(100)
    await turns()
    expect(store.counts.checkpoint).toBe(2)
    const handle = store('mail')
    expect((await handle.load()).entries).toHaveLength(0)
    await handle.close()
  })

  it('a tail that was found at load counts: where it is eight times as long, the next entry has it written', async () => {
    const store = faultyStore(memoryStore())
    const { given, keep } = bench(store)
    for (let pass = 1; pass <= 6; pass++) {
      const queue = createQueue({
        ...given({ worker: { concurrency: 100 } }),
        ...{ tasks, handlers: { work } },
      })
      await queue.enqueueAll(items(600))
      await queue.drain()
      await queue.close()
    }
    expect(store.counts.checkpoint).toBe(0)
    const queue = keep(createQueue({ ...given(), tasks }))
    await queue.enqueueAll(items(1_100))
    await turns()
    expect(store.counts.checkpoint).toBe(1)
  })

  it('a checkpoint that becomes due while another is written follows it, and waits for no entry', async () => {
    const written = gate()
    let isSlow = true
    const store = faultyStore(memoryStore(), ({ method }) =>
      isSlow && method === 'checkpoint' ? { type: 'stall', until: written.promise } : undefined,
    )
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    for (const _ of [1, 2]) {
      await queue.enqueueAll(items(1_100))
      clock.advance(100)
      await turns()
    }
    expect(store.counts.checkpoint).toBe(1)
    isSlow = false
    written.open()
    await until(() => store.counts.checkpoint === 2)
    const handle = store('mail')
    await until(async () => (await handle.load()).entries.length === 0)
    await handle.close()
  })

  it('a checkpoint that is being encoded when its queue is closed is neither encoded on nor written', async () => {
    const store = faultyStore(memoryStore())
    const { clock, given, keep } = bench(store)
    let mono = 0
    // So slow that every page is followed by a rest.
    const slow = { ...clock, monotonic: () => (mono += 10) }
    const queue = keep(createQueue({ ...given(), clock: slow, tasks }))
    await queue.enqueueAll(items(1_100))
    clock.advance(100)
    await turns()
    expect(clock.timers).toBe(1)
    await queue.close()
    expect(clock.timers).toBe(0)
    await turns()
    expect(store.counts.checkpoint).toBe(0)
  })
})
