import { describe, expect, it } from 'vitest'
import { createQueue, defineTasks, FatalError, memoryStore, task } from '../../../src/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, gate, record, turns, until } from './bench.ts'

const tasks = defineTasks({ work: task<string, string>() })
const handlers = { work: async (text: string) => text.toUpperCase() }

describe('result', () => {
  it('waits for the job, whoever runs it', async () => {
    const { given, keep, clock } = bench()
    const [queue, runner] = [
      keep(createQueue({ ...given(), tasks })),
      keep(createQueue({ ...given(), tasks, handlers })),
    ]
    const { id } = await queue.enqueue('work', 'a')
    const result = queue.result(id)
    await runner.drain()
    clock.advance(250)
    expect(await result).toBe('A')
    expect(await queue.result(id)).toBe('A')
    clock.advance(250)
    expect(clock.timers).toBe(0)
  })

  it('knows a job that another context took in a moment ago', async () => {
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'hint' ? { type: 'drop-hint' } : undefined,
    )
    const { given, keep } = bench(store)
    const [queue, other] = [
      keep(createQueue({ ...given(), tasks })),
      keep(createQueue({ ...given(), tasks, handlers })),
    ]
    await queue.info()
    const { id } = await other.enqueue('work', 'a')
    expect(await queue.get(id)).toBeUndefined()
    const result = queue.result(id)
    await other.drain()
    await turns()
    await queue.why(id)
    const again = await other.enqueue('work', 'b')
    expect(await queue.why(again.id)).toMatchObject({ reason: 'no-handler' })
    const third = await other.enqueue('work', 'c')
    expect(await queue.payload(third.id)).toBe('c')
    const fourth = await other.enqueue('work', 'd')
    await queue.edit(fourth.id, 'D')
    expect(await result).toBe('A')
  })

  it('hears of the end although every hint was lost', async () => {
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'hint' ? { type: 'drop-hint' } : undefined,
    )
    const { given, keep, clock } = bench(store)
    const [queue, other] = [
      keep(createQueue({ ...given(), tasks })),
      keep(createQueue({ ...given(), tasks, handlers })),
    ]
    const { id } = await queue.enqueue('work', 'a')
    const result = queue.result(id)
    await turns()
    await other.drain()
    clock.advance(30_000)
    expect(await result).toBe('A')
  })

  it('is there although retention takes the job in the breath that completes it', async () => {
    const { given, keep, clock } = bench()
    const [queue, other] = [
      keep(createQueue({ ...given(), tasks })),
      keep(createQueue({ ...given({ retention: { finishedCount: 0 } }), tasks, handlers })),
    ]
    const { id } = await queue.enqueue('work', 'a')
    const result = queue.result(id)
    await turns()
    await other.drain()
    expect(await other.get(id)).toBeUndefined()
    clock.advance(250)
    expect(await result).toBe('A')
  })

  it('pins its job, so that retention leaves it', async () => {
    const { given, keep } = bench()
    const held = gate<string>()
    const queue = keep(
      createQueue({
        ...given({ retention: { finishedCount: 0 } }),
        tasks,
        handlers: { work: () => held.promise },
      }),
    )
    const { id } = await queue.enqueue('work', 'a')
    const result = queue.result(id)
    await queue.start()
    held.open('done')
    expect(await result).toBe('done')
    await queue.enqueue('work', 'b')
    await until(async () => (await queue.get(id)) === undefined)
  })

  it('rejects for a job that is dead, cancelled, removed or unknown', async () => {
    const { given, keep } = bench()
    const fail = () => {
      throw new FatalError('no such photo')
    }
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: fail } }))
    const dead = await queue.enqueue('work', 'a')
    const waiting = queue.result(dead.id)
    waiting.catch(() => undefined)
    await queue.drain()
    await expect(waiting).rejects.toMatchObject({ code: 'job-dead', cause: { message: 'no such photo' } })
    await expect(queue.result(dead.id)).rejects.toThrow(/dead \(fatal\): FatalError: no such photo/)
    const [cancelled, removed] = [await queue.enqueue('work', 'b'), await queue.enqueue('work', 'c')]
    const ends = [queue.result(cancelled.id), queue.result(removed.id)]
    for (const end of ends) end.catch(() => undefined)
    await turns()
    await queue.cancel(cancelled.id)
    await queue.remove(removed.id)
    for (const end of ends) await expect(end).rejects.toMatchObject({ code: 'job-cancelled' })
    await expect(queue.result('nobody')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('of another owner is not found', async () => {
    const { given, keep } = bench()
    const [ada, eve] = [
      keep(createQueue({ ...given({ owner: 'ada' }), tasks, handlers })),
      keep(createQueue({ ...given({ owner: 'eve' }), tasks })),
    ]
    const { id } = await ada.enqueue('work', 'a')
    await ada.drain()
    await expect(eve.result(id)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('ends with the signal, and leaves no listener, timer or pin behind', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(createQueue({ ...given(), tasks }))
    const { id } = await queue.enqueue('work', 'a')
    const stop = new AbortController()
    const result = queue.result(id, { signal: stop.signal })
    await turns()
    stop.abort(new Error('enough'))
    await expect(result).rejects.toThrow('enough')
    await expect(queue.result(id, { signal: stop.signal })).rejects.toThrow('enough')
    expect(clock.timers).toBe(0)
  })

  it('ends with the signal also while the store does not answer', async () => {
    const stall = gate()
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'load' ? { type: 'stall', until: stall.promise } : undefined,
    )
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    const stop = new AbortController()
    const result = queue.result('any', { signal: stop.signal })
    await turns()
    stop.abort(new Error('enough'))
    await expect(result).rejects.toThrow('enough')
    stall.open()
    await turns()
  })

  it('says why when the log cannot be used any more', async () => {
    const store = memoryStore()
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    const heard = record(queue, 'store')
    const { id } = await queue.enqueue('work', 'a')
    const result = queue.result(id)
    result.catch(() => undefined)
    await turns()
    const handle = store('mail')
    const { log, mark, entries } = await handle.load()
    const body = JSON.stringify({ v: 99, at: 0, events: [] })
    await handle.commit({ log, seq: mark + entries.length }, () => ({
      id: 'newer:1',
      body,
      durability: 'strict',
    }))
    await handle.close()
    await expect(result).rejects.toMatchObject({ code: 'version-ahead' })
    expect(heard.at(-1)?.[1]).toMatchObject({ state: 'down', error: { code: 'version-ahead' } })
  })
})

describe('view', () => {
  it('is empty until the store is read, and then calls back after each change', async () => {
    const { given, keep, clock } = bench()
    const [queue, other] = [
      keep(createQueue({ ...given(), tasks })),
      keep(createQueue({ ...given(), tasks })),
    ]
    const view = queue.view({ kind: 'work' })
    expect(view.getSnapshot()).toEqual([])
    let calls = 0
    const end = view.subscribe(() => {
      calls += 1
    })
    await until(() => calls > 0)
    const before = calls
    const { id } = await other.enqueue('work', 'a')
    await until(() => calls > before)
    expect(view.getSnapshot()).toMatchObject([{ id, state: 'pending' }])
    end()
    const after = calls
    await other.enqueue('work', 'b')
    await turns()
    expect(calls).toBe(after)
    clock.advance(250)
    clock.advance(250)
    expect(clock.timers).toBe(0)
  })

  it('gives the same array until its jobs change, and the same object for a job that did not', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), tasks }))
    const view = queue.view({ key: 'a' })
    await queue.enqueue('work', 'a', { key: 'a' })
    const first = view.getSnapshot()
    expect(view.getSnapshot()).toBe(first)
    await queue.enqueue('work', 'b', { key: 'b' })
    await queue.pause()
    expect(view.getSnapshot()).toBe(first)
    await queue.enqueue('work', 'c', { key: 'a' })
    const second = view.getSnapshot()
    expect(second).toHaveLength(2)
    expect(second[0]).toBe(first[0])
  })

  it('keeps to its filter and its owner', async () => {
    const { given, keep } = bench()
    const [ada, eve] = [
      keep(createQueue({ ...given({ owner: 'ada' }), tasks, handlers })),
      keep(createQueue({ ...given({ owner: 'eve' }), tasks })),
    ]
    await ada.enqueue('work', 'a')
    await ada.enqueue('work', 'b', { delayMs: 1_000 })
    await eve.info()
    expect(eve.view().getSnapshot()).toEqual([])
    expect(ada.view({ state: 'scheduled' }).getSnapshot()).toHaveLength(1)
    expect(ada.view({ limit: 1 }).getSnapshot()).toHaveLength(1)
    expect(() => ada.view({ limit: 0 })).toThrow(RangeError)
    expect(() => ada.view({ state: 'done' as 'dead' })).toThrow(TypeError)
  })
})
