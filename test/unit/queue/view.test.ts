import { describe, expect, it } from 'vitest'
import { createQueue, defineTasks, FatalError, task } from '../../../src/index.ts'
import { bench, turns, until } from './bench.ts'

const tasks = defineTasks({ work: task<string, string>() })

describe('a view of what is scheduled', () => {
  it('loses a job when its time has come, although nothing was written', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(createQueue({ ...given(), tasks }))
    const view = queue.view({ state: 'scheduled' })
    await queue.enqueue('work', 'soon', { delayMs: 1_000 })
    const later = await queue.enqueue('work', 'later', { delayMs: 5_000 })
    const both = view.getSnapshot()
    expect(both).toHaveLength(2)
    clock.advance(999)
    expect(view.getSnapshot()).toBe(both)
    clock.advance(1)
    expect(view.getSnapshot()).toEqual([both[1]])
    expect(view.getSnapshot()[0]).toBe(both[1])
    expect(both[1]?.id).toBe(later.id)
    clock.advance(4_000)
    expect(view.getSnapshot()).toEqual([])
  })

  it('calls back then, and sets no timer when it lists nothing, has no subscriber, or is closed', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(createQueue({ ...given(), tasks }))
    const view = queue.view({ state: 'scheduled' })
    const seen: number[] = []
    const look = (): void => {
      seen.push(view.getSnapshot().length)
    }
    const end = view.subscribe(look)
    await until(() => seen.length > 0)
    await turns()
    // The pulse alone.
    expect(clock.timers).toBe(1)
    for (const delayMs of [1_000, 5_000]) await queue.enqueue('work', 'a', { delayMs })
    expect(seen.at(-1)).toBe(2)
    seen.length = 0
    clock.advance(1_000)
    expect(seen).toEqual([1])
    clock.advance(4_000)
    expect(seen).toEqual([1, 0])
    expect(clock.timers).toBe(1)
    await queue.enqueue('work', 'b', { delayMs: 1_000 })
    expect(clock.timers).toBe(2)
    end()
    expect(clock.timers).toBe(0)
    view.subscribe(look)
    expect(clock.timers).toBe(2)
    await queue.close()
    expect(clock.timers).toBe(0)
  })
})

describe('a view of several states', () => {
  it('lists all of them, and what is due leaves what is scheduled', async () => {
    const { given, keep, clock } = bench()
    const released = Promise.withResolvers<void>()
    const work = async (text: string): Promise<string> => {
      if (text === 'slow') await released.promise
      return text
    }
    const queue = keep(createQueue({ ...given({ worker: { concurrency: 1 } }), tasks, handlers: { work } }))
    const [unfinished, waiting] = [
      queue.view({ state: ['pending', 'running'] }),
      queue.view({ state: ['running', 'scheduled'] }),
    ]
    const ids = (view: typeof waiting): string[] => view.getSnapshot().map(({ id }) => id)
    const slow = await queue.enqueue('work', 'slow')
    await queue.start()
    const soon = await queue.enqueue('work', 'soon', { delayMs: 1_000 })
    const next = await queue.enqueue('work', 'next')
    expect(ids(unfinished)).toEqual([slow.id, soon.id, next.id])
    expect(ids(waiting)).toEqual([slow.id, soon.id])
    clock.advance(1_000)
    expect(ids(waiting)).toEqual([slow.id])
    released.resolve()
    await until(() => ids(unfinished).length === 0)
    expect(ids(waiting)).toEqual([])
  })
})

describe('retention', () => {
  it("of one owner takes nothing of another's, finished or dead", async () => {
    const { given, keep } = bench()
    const work = (text: string): string => {
      if (text.startsWith('bad')) throw new FatalError('no')
      return text
    }
    const strict = { finishedMs: 0, dead: { maxBytes: 5_000 } }
    const [ada, eve] = [
      keep(createQueue({ ...given({ owner: 'ada', retention: strict }), tasks, handlers: { work } })),
      keep(createQueue({ ...given({ owner: 'eve' }), tasks, handlers: { work } })),
    ]
    const run = async (queue: typeof ada, text: string): Promise<string> => {
      const { id } = await queue.enqueue('work', text)
      await queue.drain()
      return id
    }
    const small = await run(ada, 'bad')
    const [done, heavy] = [await run(eve, 'good'), await run(eve, `bad${'!'.repeat(20_000)}`)]
    for (let pass = 0; pass < 3; pass++) await run(ada, 'good')
    await turns()
    expect((await ada.get(small))?.state).toBe('dead')
    expect((await eve.get(done))?.state).toBe('completed')
    expect((await eve.get(heavy))?.state).toBe('dead')
  })
})
