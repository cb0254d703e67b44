import { describe, expect, it } from 'vitest'
import { createQueue, defineTasks, memoryStore, task } from '../../../src/index.ts'
import type { JobContext } from '../../../src/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import type { Locks } from '../../../src/worker/types.ts'
import { bench, type Gate, gate, passing, turns, until } from './bench.ts'

const tasks = defineTasks({ work: task<string, string>() })

/** A handler that waits for its gate, or its signal. */
function gated(): { readonly gates: Gate<string>[]; readonly work: Work } {
  const gates: Gate<string>[] = []
  const work: Work = (_, { signal }) => {
    const held = gate<string>()
    signal.addEventListener('abort', () => held.fail(signal.reason))
    gates.push(held)
    return held.promise
  }
  return { gates, work }
}

type Work = (text: string, job: JobContext) => Promise<string>

describe('a worker that several want on', () => {
  it('goes on after a drain when it was started while that drained', async () => {
    const { given, keep } = bench()
    const { gates, work } = gated()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    await queue.enqueue('work', 'a')
    const draining = queue.drain()
    await until(() => gates.length === 1)
    await queue.start()
    gates[0]?.open('done')
    expect(await draining).toMatchObject({ completed: 1, remaining: 0, stopped: 'idle' })
    expect((await queue.info()).worker.started).toBe(true)
  })

  it('keeps its jobs past the deadline of one drain while another goes on', async () => {
    const { given, keep, clock } = bench()
    const { gates, work } = gated()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    const { id } = await queue.enqueue('work', 'a')
    const [first, second] = [queue.drain({ deadlineMs: 10 }), queue.drain()]
    await until(() => gates.length === 1)
    clock.advance(10)
    expect(await first).toMatchObject({ completed: 0, remaining: 1, stopped: 'deadline' })
    expect(await queue.get(id)).toMatchObject({ state: 'running', releases: 0 })
    gates[0]?.open('done')
    expect(await second).toMatchObject({ completed: 1, remaining: 0, stopped: 'idle' })
    expect((await queue.info()).worker.started).toBe(false)
  })

  it('is on for everyone who wanted it while it stopped, before any of them goes on', async () => {
    const { given, keep } = bench()
    const { gates, work } = gated()
    const granted = [gate(), gate()]
    let asked = 0
    const locks: Locks = {
      async request(_, __, callback) {
        await granted[asked++]?.promise
        return callback()
      },
    }
    const queue = keep(createQueue({ ...given({ locks }), tasks, handlers: { work } }))
    await queue.enqueue('work', 'a')
    granted[0]?.open()
    await queue.start()
    await until(() => gates.length === 1)
    const stopping = queue.stop()
    const { id } = await queue.enqueue('work', 'b')
    const [draining, starting] = [queue.drain(), queue.start()]
    gates[0]?.open('done')
    await stopping
    await until(() => asked === 2)
    await turns()
    granted[1]?.open()
    await until(() => gates.length === 2)
    gates[1]?.open('done')
    expect(await draining).toMatchObject({ completed: 2, remaining: 0 })
    await starting
    expect(await queue.get(id)).toMatchObject({ state: 'completed' })
    expect((await queue.info()).worker.started).toBe(true)
  })

  it('is on for who wants it after a stop, though an earlier start was not through', async () => {
    const { given, keep } = bench()
    const first = gate()
    let asked = 0
    const locks: Locks = {
      async request(_, __, callback) {
        if (asked++ === 0) await first.promise
        return callback()
      },
    }
    const queue = keep(createQueue({ ...given({ locks }), tasks, handlers: { work: () => 'done' } }))
    const early = queue.start()
    await until(() => asked === 1)
    await queue.stop()
    await queue.start()
    const { id } = await queue.enqueue('work', 'a')
    expect(await queue.result(id)).toBe('done')
    first.open()
    await early
    expect((await queue.info()).worker.started).toBe(true)
  })

  it('is off after a stop, whoever wanted it on', async () => {
    const { given, keep } = bench()
    const { gates, work } = gated()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    await queue.enqueue('work', 'a')
    await queue.start()
    const draining = queue.drain()
    await until(() => gates.length === 1)
    await queue.stop({ graceMs: 0 })
    expect(await draining).toMatchObject({ completed: 0, remaining: 1 })
    expect((await queue.info()).worker.started).toBe(false)
    await queue.enqueue('work', 'b')
    await turns()
    expect(gates).toHaveLength(1)
    const again = queue.drain()
    await until(() => gates.length === 3)
    for (const each of gates) each.open('done')
    expect(await again).toMatchObject({ completed: 2, remaining: 0 })
    expect((await queue.info()).worker.started).toBe(false)
  })

  it('is wanted still when it could not come back, until it can', async () => {
    let isDown = false
    const store = faultyStore(memoryStore(), () => (isDown ? { type: 'fail-before' } : undefined))
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    await queue.start()
    await queue.leave()
    isDown = true
    const failing = expect(queue.rejoin()).rejects.toMatchObject({ code: 'store-failed' })
    await passing(clock, 10_000)
    await failing
    expect((await queue.info()).worker.started).toBe(false)
    isDown = false
    await queue.rejoin()
    expect((await queue.info()).worker.started).toBe(true)
    await queue.stop()
    await queue.rejoin()
    expect((await queue.info()).worker.started).toBe(false)
  })

  it('is wanted still after a drain, by who has not come back yet', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    await queue.start()
    await queue.leave()
    await queue.drain()
    expect((await queue.info()).worker.started).toBe(false)
    await queue.rejoin()
    expect((await queue.info()).worker.started).toBe(true)
  })

  it('is wanted by nobody whom it failed: a drain after a start that failed leaves it off', async () => {
    const store = faultyStore(memoryStore(), ({ method, nth }) =>
      method === 'load' && nth === 0 ? { type: 'fail-before' } : undefined,
    )
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    await expect(queue.start()).rejects.toMatchObject({ code: 'store-failed' })
    await queue.drain()
    expect((await queue.info()).worker.started).toBe(false)
  })
})
