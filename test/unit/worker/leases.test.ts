import { describe, expect, it } from 'vitest'
import {
  createQueue,
  defineTasks,
  type JobContext,
  memoryStore,
  QueueError,
  type StoreFactory,
  task,
} from '../../../src/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { manualClock } from '../../../src/testing/manual-clock.ts'
import {
  type Bench,
  bench,
  freezable,
  gate,
  passing,
  record,
  turns,
  until,
  untilLater,
} from '../queue/bench.ts'
import { fakeLocks } from '../queue/locks.ts'

const tasks = defineTasks({ work: task<string, string>() })
const never = () => new Promise<string>(() => undefined)

/** A store whose handle with this number dies when told to: no call of it is answered any more. */
function mortal(inner: StoreFactory = memoryStore()) {
  const dying = new Set<number>()
  const store = faultyStore(inner, ({ handle }) => (dying.has(handle) ? { type: 'crash' } : undefined))
  return { store, die: (handle: number) => dying.add(handle) }
}

/** Runs a job in a context that dies while it does. */
async function crash({ given }: Bench, die: (handle: number) => void, handle: number, id: string, more = {}) {
  const started = gate()
  const run = () => {
    started.open()
    return never()
  }
  // Not kept: a context that died cannot be closed.
  const queue = createQueue({ ...given({ clock: manualClock(), ...more }), tasks, handlers: { work: run } })
  await queue.start()
  await started.promise
  expect((await queue.get(id))?.state).toBe('running')
  die(handle)
  return queue
}

describe('a lost lease', () => {
  it('is taken back after leaseMs of silence by the observer’s own clock, and counts as a crash', async () => {
    const { store, die } = mortal()
    const scene = bench(store)
    const { given, keep, clock } = scene
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    const heard = record(queue, 'reclaimed')
    const { id } = await queue.enqueue('work', 'a')
    await crash(scene, die, 1, id)
    await queue.start()
    clock.setWall(clock.now() + 86_400_000)
    clock.advance(29_000)
    await turns()
    expect(await queue.get(id)).toMatchObject({ state: 'running' })
    await passing(clock, 2_000)
    expect(await queue.get(id)).toMatchObject({ state: 'completed' })
    expect(await queue.get(id)).toMatchObject({ attempt: 2, epoch: 2, crashes: 1, errors: 0, releases: 0 })
    expect(heard).toEqual([['reclaimed', { id, kind: 'work', cause: 'crash' }]])
  })

  it('is kept by renewal as long as its holder lives', async () => {
    const { given, keep, clock } = bench()
    const held = gate<string>()
    const holder = keep(
      createQueue({
        ...given({ worker: { leaseMs: 9_000 } }),
        tasks,
        handlers: { work: () => held.promise },
      }),
    )
    const other = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'other' } }))
    const { id } = await holder.enqueue('work', 'a')
    await holder.start()
    await other.start()
    await passing(clock, 120_000)
    held.open('mine')
    expect(await holder.result(id)).toBe('mine')
    expect((await holder.get(id))?.attempt).toBe(1)
  })

  it('is kept by renewal while its holder stops, as long as the grace lasts', async () => {
    const { given, keep, clock } = bench()
    const held = gate<string>()
    const holder = keep(createQueue({ ...given(), tasks, handlers: { work: () => held.promise } }))
    const other = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'other' } }))
    const { id } = await holder.enqueue('work', 'a')
    await holder.start()
    await other.start()
    await passing(clock, 25_000)
    const stopping = holder.stop({ graceMs: 300_000 })
    await passing(clock, 200_000)
    held.open('mine')
    await stopping
    expect(await holder.get(id)).toMatchObject({ state: 'completed', result: 'mine', attempt: 1, crashes: 0 })
  })

  it('is renewed before others lose patience with its lock, however long leaseMs is', async () => {
    const { given, keep, clock } = bench()
    const locks = fakeLocks()
    const held = gate<string>()
    const settings = { ...given({ locks: locks.context(), worker: { leaseMs: 3_600_000 } }), tasks }
    const holder = keep(createQueue({ ...settings, handlers: { work: () => held.promise } }))
    const options = { ...given({ locks: locks.context() }), tasks, handlers: { work: () => 'other' } }
    const other = keep(createQueue(options))
    const { id } = await holder.enqueue('work', 'a')
    await holder.start()
    await other.start()
    await passing(clock, 1_000_000)
    held.open('mine')
    expect(await holder.result(id)).toBe('mine')
    expect((await holder.get(id))?.attempt).toBe(1)
  })

  it('aborts the handler with lease-lost, and what it returns late changes nothing', async () => {
    const { store, freeze, thaw } = freezable()
    const { given, keep, clock } = bench(store)
    const late = gate<string>()
    const contexts: JobContext[] = []
    const frozen = keep(
      createQueue({
        ...given(),
        tasks,
        handlers: {
          work: (_: string, job: JobContext) => {
            contexts.push(job)
            return late.promise
          },
        },
      }),
    )
    const warnings = record(frozen, 'warning')
    const { id } = await frozen.enqueue('work', 'a')
    await frozen.start()
    await until(() => contexts.length === 1)
    const signal = contexts[0]?.signal
    freeze()
    const other = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'second' } }))
    await other.start()
    await passing(clock, 31_000)
    expect(await other.result(id)).toBe('second')
    late.open('first')
    thaw()
    await until(async () => (await frozen.get(id))?.state === 'completed')
    await turns()
    expect(await frozen.get(id)).toMatchObject({ result: 'second', attempt: 2, epoch: 2, errors: 0 })
    expect(await other.get(id)).toMatchObject({ result: 'second' })
    expect(warnings).toEqual([])
    expect(signal?.aborted === false || signal?.reason.code === 'lease-lost').toBe(true)
  })

  it('aborts a handler that still runs as soon as its context learns of it', async () => {
    const { store, freeze, thaw } = freezable()
    const { given, keep, clock } = bench(store)
    const contexts: JobContext[] = []
    const work = (_: string, job: JobContext) => {
      contexts.push(job)
      return never()
    }
    const frozen = keep(createQueue({ ...given({ worker: { concurrency: 1 } }), tasks, handlers: { work } }))
    const { id } = await frozen.enqueue('work', 'a')
    await frozen.start()
    await until(() => contexts.length === 1)
    const signal = contexts[0]?.signal
    freeze()
    const other = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'second' } }))
    await other.start()
    await passing(clock, 31_000)
    await other.result(id)
    thaw()
    await until(() => signal?.aborted === true)
    expect(signal?.reason).toMatchObject({ code: 'lease-lost' })
    expect((await frozen.info()).worker).toMatchObject({ running: 1, stuck: 1 })
    const next = await frozen.enqueue('work', 'b')
    await untilLater(clock, async () => (await other.get(next.id))?.state === 'completed')
  })
})

describe('poison', () => {
  it('runs alone from its second crash on, and is dead after maxCrashes', async () => {
    const { store, die } = mortal()
    const scene = bench(store)
    const { given, keep, clock } = scene
    const queue = keep(createQueue({ ...given({ worker: { maxCrashes: 2 } }), tasks }))
    const heard = record(queue, 'reclaimed', 'dead')
    const { id } = await queue.enqueue('work', 'bad')
    const judge = keep(createQueue({ ...given({ worker: { maxCrashes: 2 } }), tasks: tasks, handlers: {} }))
    await judge.start()
    for (let crashes = 0; crashes < 3; crashes++) {
      if (crashes === 2) {
        // A second job is due, and keeps out of the way of the one that runs alone.
        const { id: other } = await queue.enqueue('work', 'good', { delayMs: 1 })
        clock.advance(1)
        const dying = await crash(scene, die, 2 + crashes, id)
        expect(await dying.get(other)).toMatchObject({ state: 'pending' })
      } else await crash(scene, die, 2 + crashes, id)
      await passing(clock, 31_000)
    }
    await until(async () => (await judge.get(id))?.state === 'dead')
    expect(await judge.get(id)).toMatchObject({ reason: 'poison', crashes: 3, errors: 0, attempt: 3 })
    clock.advance(250)
    await until(() => heard.length === 4)
    expect(heard.map(([name]) => name)).toEqual(['reclaimed', 'reclaimed', 'reclaimed', 'dead'])
  })

  it('is no matter for a holder that its host stops at will', async () => {
    const { store, die } = mortal()
    const scene = bench(store)
    const { given, keep, clock } = scene
    const queue = keep(createQueue({ ...given(), tasks, handlers: {} }))
    const heard = record(queue, 'reclaimed')
    const { id } = await queue.enqueue('work', 'a')
    await queue.start()
    await crash(scene, die, 1, id, { worker: { interruptible: true } })
    await passing(clock, 31_000)
    await until(() => heard.length === 1)
    expect(heard).toEqual([['reclaimed', { id, kind: 'work', cause: 'interrupted' }]])
    expect(await queue.get(id)).toMatchObject({ state: 'pending', crashes: 0, releases: 1 })
  })
})

describe('presence', () => {
  it('takes a lock named for the worker before its first claim, and lets it go on stop', async () => {
    const locks = fakeLocks()
    const { given, keep } = bench()
    const queue = keep(
      createQueue({ ...given({ locks: locks.context() }), tasks, handlers: { work: never } }),
    )
    await queue.enqueue('work', 'a')
    expect(locks.held).toEqual([])
    await queue.start()
    const { name } = (await queue.info()).worker
    expect(locks.held).toEqual([expect.stringMatching(new RegExp(`^holdfast:memory:\\d+:mail:${name}$`))])
    await queue.stop({ graceMs: 0 })
    expect(locks.held).toEqual([])
  })

  /** A worker whose log is of no use any more, and whose bye the store takes when `said` is open. */
  async function abandoned() {
    const said = gate()
    let isNewer = false
    const store: StoreFactory = (name) => {
      const inner = memoryStore()(name)
      const newer = new QueueError('version-ahead', 'Cannot read the log: it is newer')
      return {
        ...inner,
        read: (after) => (isNewer ? Promise.reject(newer) : inner.read(after)),
        leave: (worker) => said.promise.then(() => inner.leave(worker)),
      }
    }
    const locks = fakeLocks()
    const { given, keep, clock } = bench(store)
    const queue = keep(
      createQueue({ ...given({ locks: locks.context() }), tasks, handlers: { work: () => 'done' } }),
    )
    await queue.start()
    isNewer = true
    queue.wake()
    await until(() =>
      queue.info().then(
        () => false,
        () => true,
      ),
    )
    await turns()
    return { said, locks, clock }
  }

  it('keeps the lock of a worker whose log is of no use any more until its bye is there', async () => {
    const { said, locks, clock } = await abandoned()
    expect(locks.held).toHaveLength(1)
    said.open()
    await until(() => locks.held.length === 0)
    expect(clock.timers).toBe(0)
  })

  it('lets go of that lock after a few seconds where the store stalls', async () => {
    const { locks, clock } = await abandoned()
    clock.advance(4_999)
    await turns()
    expect(locks.held).toHaveLength(1)
    clock.advance(1)
    await until(() => locks.held.length === 0)
  })

  it('reclaims at once when the lock of a holder frees', async () => {
    const { store, die } = mortal()
    const locks = fakeLocks()
    const scene = bench(store)
    const { given, keep, clock } = scene
    const [mine, theirs] = [locks.context(), locks.context()]
    const queue = keep(createQueue({ ...given({ locks: mine }), tasks, handlers: { work: () => 'done' } }))
    const { id } = await queue.enqueue('work', 'a')
    await crash(scene, die, 1, id, { locks: theirs })
    await queue.start()
    await until(() => locks.waiting === 1)
    const at = clock.monotonic()
    theirs.die()
    expect(await queue.result(id)).toBe('done')
    expect(clock.monotonic()).toBe(at)
    expect(await queue.get(id)).toMatchObject({ crashes: 1, attempt: 2 })
    await queue.stop()
    expect([locks.held, locks.waiting]).toEqual([[], 0])
  })

  it('gives a holder with a lock five minutes of silence, then takes its jobs all the same', async () => {
    const { store, die } = mortal()
    const locks = fakeLocks()
    const scene = bench(store)
    const { given, keep, clock } = scene
    const queue = keep(
      createQueue({ ...given({ locks: locks.context() }), tasks, handlers: { work: () => 'done' } }),
    )
    const { id } = await queue.enqueue('work', 'a')
    await crash(scene, die, 1, id, { locks: locks.context() })
    await queue.start()
    await passing(clock, 299_000)
    expect(await queue.get(id)).toMatchObject({ state: 'running' })
    await passing(clock, 2_000)
    expect(await queue.get(id)).toMatchObject({ state: 'completed' })
  })

  it('goes by leases where the platform refuses locks', async () => {
    const refusing = { request: () => Promise.reject(new DOMException('opaque origin', 'SecurityError')) }
    const { given, keep } = bench()
    const queue = keep(
      createQueue({ ...given({ locks: refusing }), tasks, handlers: { work: () => 'done' } }),
    )
    await queue.start()
    expect(await queue.result((await queue.enqueue('work', 'a')).id)).toBe('done')
  })
})

describe('leaving', () => {
  it('puts a bye before the lock goes: the reclaim is a release, at once', async () => {
    const locks = fakeLocks()
    const { given, keep } = bench()
    const contexts: JobContext[] = []
    const work = (_: string, job: JobContext) => {
      contexts.push(job)
      return never()
    }
    const leaver = keep(createQueue({ ...given({ locks: locks.context() }), tasks, handlers: { work } }))
    const other = keep(
      createQueue({ ...given({ locks: locks.context() }), tasks, handlers: { work: () => 'done' } }),
    )
    const { id } = await leaver.enqueue('work', 'a')
    await leaver.start()
    await other.start()
    await until(() => contexts.length === 1)
    const heard = record(other, 'reclaimed')
    const signal = contexts[0]?.signal
    const left = leaver.leave()
    expect(signal?.reason).toMatchObject({ code: 'stopped' })
    await left
    expect(await other.result(id)).toBe('done')
    expect(heard).toEqual([['reclaimed', { id, kind: 'work', cause: 'bye' }]])
    expect(await other.get(id)).toMatchObject({ attempt: 2, crashes: 0, errors: 0, releases: 1 })
    const before = (await leaver.info()).worker.name
    await leaver.start()
    expect((await leaver.info()).worker.name).not.toBe(before)
  })

  it('writes nothing from then on but the bye, whatever its handlers return', async () => {
    const store = faultyStore(memoryStore())
    const { given, keep } = bench(store)
    const [returned, thrown] = [gate<string>(), gate<string>()]
    const work = (text: string) => (text === 'returns' ? returned.promise : thrown.promise)
    const leaver = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    const warnings = record(leaver, 'warning')
    const ids = [(await leaver.enqueue('work', 'returns')).id, (await leaver.enqueue('work', 'throws')).id]
    await leaver.start()
    await turns()
    const { commit } = store.counts
    await leaver.leave()
    returned.open('late')
    thrown.fail(new Error('late'))
    await turns()
    expect(store.counts.commit).toBe(commit)
    for (const id of ids) expect(await leaver.get(id)).toMatchObject({ state: 'running' })
    await leaver.close()
    expect(warnings).toEqual([])
  })

  it('works without locks, too', async () => {
    const { given, keep, clock } = bench()
    const leaver = keep(createQueue({ ...given(), tasks, handlers: { work: never } }))
    const other = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    const { id } = await leaver.enqueue('work', 'a')
    await leaver.start()
    await other.start()
    const at = clock.monotonic()
    await leaver.leave()
    await turns()
    other.wake()
    expect(await other.result(id)).toBe('done')
    expect(clock.monotonic()).toBe(at)
  })

  it('leaves no bye for ever', async () => {
    const store = memoryStore()
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    const other = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    for (let visit = 0; visit < 5; visit++) {
      await queue.start()
      await queue.leave()
    }
    const handle = store('mail')
    expect((await handle.load()).byes).toHaveLength(5)
    await other.start()
    for (const text of ['a', 'b', 'c']) await other.result((await other.enqueue('work', text)).id)
    expect((await handle.load()).byes).toEqual([])
    await handle.close()
  })
})

describe('wake', () => {
  it('looks at the log although timers and hints were lost', async () => {
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'hint' ? { type: 'drop-hint' } : undefined,
    )
    const { given, keep } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    const other = keep(createQueue({ ...given(), tasks }))
    await queue.start()
    const { id } = await other.enqueue('work', 'a')
    await turns()
    expect(await other.get(id)).toMatchObject({ state: 'pending' })
    queue.wake()
    expect(await queue.result(id)).toBe('done')
  })

  it('is not needed: a worker looks every 30 s by itself', async () => {
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'hint' ? { type: 'drop-hint' } : undefined,
    )
    const { given, keep, clock } = bench(store)
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    const other = keep(createQueue({ ...given(), tasks }))
    await queue.start()
    const { id } = await other.enqueue('work', 'a')
    clock.advance(30_000)
    expect(await queue.result(id)).toBe('done')
  })
})
