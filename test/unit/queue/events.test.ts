import { describe, expect, it } from 'vitest'
import {
  createQueue,
  defineTasks,
  FatalError,
  memoryStore,
  type QueueEventName,
  snooze,
  task,
} from '../../../src/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, gate, record, turns, until } from './bench.ts'

const tasks = defineTasks({
  work: task<string, string>({ retry: { maxAttempts: 2, baseMs: 1_000, backoff: 'fixed' } }),
})

/** Every event, as the job lives through it. */
const life: QueueEventName[] = [
  'enqueued',
  'started',
  'progress',
  'completed',
  'retrying',
  'dead',
  'cancelled',
  'released',
  'reclaimed',
]

describe('events', () => {
  it('are told to a function as often as it listens, until each time is ended', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    const ids: string[] = []
    const listener = ({ id }: { id: string }) => void ids.push(id)
    const [end] = [queue.on('enqueued', listener), queue.on('enqueued', listener)]
    const one = await queue.enqueue('work', 'a')
    end?.()
    end?.()
    const two = await queue.enqueue('work', 'b')
    expect(ids).toEqual([one.id, one.id, two.id])
  })

  it('tell a context that only watches all of a job, in order, however much it reads at once', async () => {
    const { given, keep, clock } = bench()
    let run = 0
    const handlers = {
      work: () => {
        run += 1
        if (run === 1) throw new Error('once')
        if (run === 2) return snooze(0)
        return 'done'
      },
    }
    const queue = keep(createQueue({ ...given({ retention: { finishedCount: 0 } }), tasks, handlers }))
    const watcher = keep(createQueue({ ...given(), tasks }))
    const [seen, told] = [record(watcher, ...life), record(queue, ...life)]
    await watcher.info()
    // The first hint is followed at once, and what comes after it in the same quarter of a second is read together.
    await queue.enqueue('work', 'first of all', { delayMs: 3_600_000 })
    await until(() => seen.length === 1)
    const { id } = await queue.enqueue('work', 'a')
    await queue.drain()
    clock.advance(200)
    clock.setWall(clock.now() + 1_000)
    await queue.drain()
    expect(await queue.get(id)).toBeUndefined()
    clock.advance(50)
    await until(() => seen.length === told.length)
    expect(seen).toEqual(told)
    const about = { id, kind: 'work' }
    const worker = expect.any(String)
    expect(seen.slice(1).map(([name, event]) => [name, event])).toMatchObject([
      ['enqueued', { ...about, key: undefined }],
      ['started', { ...about, attempt: 1, epoch: 1, worker }],
      ['retrying', { ...about, errors: 1, failure: { message: 'once', attempt: 1 } }],
      ['started', { ...about, attempt: 2, epoch: 2 }],
      ['released', { ...about, why: 'snoozed' }],
      ['started', { ...about, attempt: 3, epoch: 3 }],
      ['completed', { ...about, attempt: 3, result: 'done' }],
    ])
  })

  it('go to the listeners of their owner alone', async () => {
    const { given, keep } = bench()
    const handlers = { work: () => 'done' }
    const ada = keep(createQueue({ ...given({ owner: 'ada' }), tasks, handlers }))
    const eve = keep(createQueue({ ...given({ owner: 'eve' }), tasks, handlers }))
    const heard = record(eve, ...life, 'idle')
    await eve.start()
    await ada.enqueue('work', 'a')
    await ada.drain()
    await turns()
    expect(heard).toEqual([])
  })

  it('stop when their listener is taken off', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), tasks }))
    let heard = 0
    const listener = () => {
      heard += 1
    }
    const off = queue.on('enqueued', listener)
    await queue.enqueue('work', 'a')
    off()
    off()
    await queue.enqueue('work', 'b')
    expect(heard).toBe(1)
  })

  it('refuse a name that is none of theirs', () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), tasks }))
    expect(() => queue.on('done' as 'dead', () => undefined)).toThrow(/"done".*enqueued, started/)
  })

  it('reach every listener although one throws, and its error is reported as uncaught', async () => {
    const { given, keep } = bench()
    const queue = keep(createQueue({ ...given(), tasks }))
    const reported: unknown[] = []
    const note = (error: unknown) => void reported.push(error)
    process.on('uncaughtException', note)
    queue.on('enqueued', () => {
      throw new Error('broken listener')
    })
    const heard = record(queue, 'enqueued')
    const { id } = await queue.enqueue('work', 'a')
    await turns()
    process.off('uncaughtException', note)
    expect(heard).toEqual([['enqueued', { id, kind: 'work', key: undefined }]])
    expect(reported).toEqual([new Error('broken listener')])
  })

  it('say idle once nothing is due or running any more', async () => {
    const { given, keep, clock } = bench()
    const held = gate<string>()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => held.promise } }))
    const heard = record(queue, 'idle')
    await queue.start()
    await queue.enqueue('work', 'a')
    await queue.enqueue('work', 'b')
    await queue.enqueue('work', 'later', { delayMs: 60_000 })
    await turns()
    expect(heard).toEqual([])
    held.open('done')
    await until(() => heard.length > 0)
    await turns()
    expect(heard).toEqual([['idle', { at: clock.now() }]])
  })

  it('say idle behind the last that completed, also where another context appended just before', async () => {
    const { given, keep } = bench()
    const held = gate<string>()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => held.promise } }))
    const other = keep(createQueue({ ...given(), tasks }))
    await Promise.all([queue.start(), other.info()])
    const heard = record(queue, 'idle', 'completed')
    await queue.enqueue('work', 'a')
    await turns()
    const appended = other.pause()
    held.open('done')
    await appended
    await until(() => heard.length === 2)
    expect(heard.map(([name]) => name)).toEqual(['completed', 'idle'])
  })

  it('say idle also to a context that opened while work was under way', async () => {
    const { given, keep } = bench()
    const held = gate<string>()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => held.promise } }))
    await queue.start()
    await queue.enqueue('work', 'a')
    const watcher = keep(createQueue({ ...given(), tasks }))
    const heard = record(watcher, 'idle')
    await watcher.info()
    held.open('done')
    await until(() => heard.length === 1)
  })

  it('say starved when a job was given back four times without getting on', async () => {
    const { given, keep } = bench()
    const handlers = { work: () => new Promise<string>(() => undefined) }
    const queue = keep(createQueue({ ...given({ worker: { concurrency: 50 } }), tasks, handlers }))
    const heard = record(queue, 'starved')
    const { id } = await queue.enqueue('work', 'a')
    for (let pass = 0; pass < 4; pass++) {
      await queue.start()
      await queue.stop({ graceMs: 0 })
    }
    expect(heard).toEqual([['starved', { id, kind: 'work', times: 4 }]])
    expect(await queue.get(id)).toMatchObject({ state: 'pending', releases: 4, errors: 0, crashes: 0 })
  })

  it('tell of the store: opened, stalled and recovered, failing and recovered, full and recovered, closed', async () => {
    const stall = gate()
    const faults = new Map([
      [1, { type: 'stall', until: stall.promise }],
      [2, { type: 'fail-before' }],
      [4, { type: 'quota' }],
    ] as const)
    const store = faultyStore(memoryStore(), ({ method, nth }) =>
      method === 'commit' ? faults.get(nth as 1) : undefined,
    )
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks }))
    const heard = record(queue, 'store')
    await queue.enqueue('work', 'a')
    const slow = queue.enqueue('work', 'b')
    await turns()
    clock.advance(6_000)
    expect((await queue.info()).store.state).toBe('stalled')
    stall.open()
    await slow
    const failing = queue.enqueue('work', 'c')
    await until(() => heard.length === 4)
    clock.advance(1_000)
    await failing
    await expect(queue.enqueue('work', 'd')).rejects.toMatchObject({ code: 'quota-exceeded' })
    await queue.pause()
    expect(heard.at(-1)?.[1]).toMatchObject({ state: 'quota' })
    await queue.enqueue('work', 'e')
    expect((await queue.info()).store.state).toBe('recovered')
    await queue.close()
    const states = heard.map(([, event]) => (event as { state: string }).state)
    expect(states).toEqual([
      'opened',
      'stalled',
      'recovered',
      'failing',
      'recovered',
      'quota',
      'recovered',
      'closed',
    ])
    expect(heard[3]?.[1]).toMatchObject({ error: { code: 'store-failed' } })
  })

  it('tell why a job is dead', async () => {
    const { given, keep } = bench()
    const handlers = {
      work: () => {
        throw new FatalError('never')
      },
    }
    const queue = keep(createQueue({ ...given(), tasks, handlers }))
    const heard = record(queue, 'dead')
    const fatal = await queue.enqueue('work', 'a')
    const expired = await queue.enqueue('work', 'b', { delayMs: 5_000, expiresInMs: 0 })
    await queue.drain()
    const byId = new Map(heard.map(([, event]) => [(event as { id: string }).id, event]))
    expect(byId.get(fatal.id)).toMatchObject({ kind: 'work', reason: 'fatal', failure: { message: 'never' } })
    expect(byId.get(expired.id)).toEqual({
      id: expired.id,
      kind: 'work',
      reason: 'expired',
      failure: undefined,
    })
  })
})
