import { afterEach, describe, expect, it, vi } from 'vitest'
import { createQueue, defineTasks, task } from '../../../src/index.ts'
import { bench, turns } from './bench.ts'
import { fakeLocks } from './locks.ts'

const tasks = defineTasks({ work: task<string, string>() })

afterEach(() => vi.unstubAllGlobals())

describe('after close', () => {
  it('no timer, lock or listener of the queue is left, whatever was under way', async () => {
    const listening = new Map<string, number>()
    vi.stubGlobal('addEventListener', (name: string) => listening.set(name, (listening.get(name) ?? 0) + 1))
    vi.stubGlobal('removeEventListener', (name: string) =>
      listening.set(name, (listening.get(name) ?? 0) - 1),
    )
    const { given, keep, clock } = bench()
    const locks = fakeLocks()
    const sync = {
      url: 'https://example.test/acks',
      fetch: () => Promise.reject(new TypeError('no network')),
    }
    const work = (text: string) => (text === 'hang' ? new Promise<string>(() => undefined) : text)
    const queue = keep(createQueue({ ...given({ sync, locks: locks.context() }), tasks, handlers: { work } }))
    const end = queue.view().subscribe(() => undefined)
    for (const text of ['a', 'b', 'hang']) await queue.enqueue('work', text)
    const { id } = await queue.enqueue('work', 'later', { delayMs: 60_000 })
    const result = queue.result(id)
    result.catch(() => undefined)
    await queue.start()
    await turns()
    expect(clock.timers).toBeGreaterThan(3)
    expect(locks.held).toHaveLength(1)
    expect(listening.get('online')).toBe(1)
    await queue.close()
    await expect(result).rejects.toMatchObject({ code: 'closed' })
    await turns()
    expect([...listening.values()].every((count) => count === 0)).toBe(true)
    expect([locks.held, locks.waiting]).toEqual([[], 0])
    // A view's subscriber ends its own.
    end()
    expect(clock.timers).toBe(0)
  })

  it('a hundred waits, views and starts have left nothing behind', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: (text: string) => text } }))
    for (let pass = 0; pass < 100; pass++) {
      const end = queue.view({ kind: 'work' }).subscribe(() => undefined)
      const off = queue.on('completed', () => undefined)
      const stop = new AbortController()
      const { id } = await queue.enqueue('work', 'a', { delayMs: 60_000 })
      const waiting = queue.result(id, { signal: stop.signal })
      await queue.start()
      await queue.stop()
      stop.abort(new Error('enough'))
      await expect(waiting).rejects.toThrow('enough')
      await queue.cancel(id)
      end()
      off()
    }
    expect(clock.timers).toBe(0)
  })
})
