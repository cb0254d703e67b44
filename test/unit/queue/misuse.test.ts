import { describe, expect, it } from 'vitest'
import { assertOk } from '../../../src/http/index.ts'
import {
  createQueue,
  type EnqueueOptions,
  indexedDbStore,
  memoryStore,
  type Queue,
  RetryError,
  snooze,
  task,
} from '../../../src/index.ts'
import { bench, until } from './bench.ts'

/** What plain JavaScript can hand over, whatever the types say. */
type Anything = never

function opened(): Queue<{ ping: { payload: unknown; result: unknown } }> {
  const { given, keep } = bench()
  return keep(createQueue({ ...given(), handlers: { ping: (_: unknown): unknown => undefined } }))
}

const opening = (options: unknown) => (): unknown => createQueue(options as Anything)
const enough = { name: 'mail', store: memoryStore(), handlers: {} }

describe('createQueue refuses', () => {
  it.each([
    ['nothing', undefined, 'Cannot use options: it is undefined, expected an object'],
    ['a name alone', { name: 'mail' }, 'neither tasks nor handlers'],
    ['to go without a name', { handlers: {} }, 'options.name: it is undefined, expected text'],
    ['an empty name', { ...enough, name: '' }, 'options.name: it is "", expected text that is not empty'],
    ['a store that is none', { ...enough, store: {} }, 'options.store: it is an object, expected a function'],
    ['sync without an address', { ...enough, sync: {} }, 'options.sync.url: it is undefined, expected text'],
    [
      'text as include',
      { ...enough, sync: { url: '/', include: 'dead' } },
      'include: it is "dead", expected',
    ],
    ['null for an option', { ...enough, worker: null }, 'options.worker: it is null, expected an object'],
    ['a probe of neither kind', { ...enough, connectivity: { probe: 5 } }, 'probe: it is 5, expected text'],
    [
      'isDone that is no function',
      { ...enough, handlers: { ping: { run: () => undefined, isDone: true } } },
      'handlers.ping.isDone: it is true, expected a function',
    ],
    [
      'text for a number',
      { ...enough, worker: { concurrency: '4' } },
      'options.worker.concurrency: it is "4", expected a whole number of at least 1',
    ],
  ])('%s with a TypeError', (_, options, message) => {
    expect(opening(options)).toThrow(TypeError)
    expect(opening(options)).toThrow(message)
  })

  it.each([
    ['worker', { concurrency: 1.5 }, 'concurrency: it is 1.5, expected a whole number of at least 1'],
    ['worker', { leaseMs: Number.POSITIVE_INFINITY }, 'leaseMs: it is Infinity, expected a finite number'],
    ['limits', { maxPending: 2.5 }, 'maxPending: it is 2.5, expected a whole number'],
    ['retention', { finishedCount: 0.5 }, 'finishedCount: it is 0.5, expected a whole number'],
  ])('of %s %o with a RangeError', (group, options, message) => {
    expect(opening({ ...enough, [group]: options })).toThrow(RangeError)
    expect(opening({ ...enough, [group]: options })).toThrow(message)
  })

  it.each<[string, Record<string, unknown>]>([
    ['options.onwer', { onwer: 'ada' }],
    ['options.sync.lingerMS', { sync: { url: '/acks', lingerMS: 5 } }],
    ['options.connectivity.prob', { connectivity: { prob: '/up' } }],
    ['options.worker.concurency', { worker: { concurency: 5 } }],
    ['options.limits.maxpending', { limits: { maxpending: 5 } }],
    ['options.retention.finishedMS', { retention: { finishedMS: 5 } }],
    ['options.retention.dead.maxAge', { retention: { dead: { maxAge: 5 } } }],
  ])('the misspelt %s with a TypeError that names the right ones', (path, options) => {
    expect(opening({ ...enough, ...options })).toThrow(TypeError)
    expect(opening({ ...enough, ...options })).toThrow(
      `Cannot use ${path}: there is no such option, expected`,
    )
  })

  it('nothing that is given as undefined, nor an infinite limit', async () => {
    const { keep, given } = bench()
    const none = { owner: undefined, sync: undefined, fallback: undefined, retention: undefined }
    const worker = { concurrency: Number.POSITIVE_INFINITY }
    const options: unknown = { ...given(), ...none, worker, handlers: { ping: () => undefined } }
    const queue: Queue = keep(createQueue(options as Anything))
    expect((await queue.info()).worker.concurrency).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('task refuses', () => {
  it.each([
    [
      { retry: { maxAttempts: 0 } },
      RangeError,
      'options.retry.maxAttempts: it is 0, expected a whole number',
    ],
    [{ retry: { maxAttempts: 1.5 } }, RangeError, 'maxAttempts: it is 1.5, expected a whole number'],
    [{ retry: { maxAtempts: 5 } }, TypeError, 'options.retry.maxAtempts: there is no such option'],
    [{ maxRuning: 5 }, TypeError, 'options.maxRuning: there is no such option, expected input, version'],
    [{ needsNetwork: 'no' }, TypeError, 'needsNetwork: it is "no", expected a boolean'],
    [{ version: Number.POSITIVE_INFINITY }, RangeError, 'version: it is Infinity, expected a whole number'],
    [{ input: {} }, TypeError, 'input: it is an object, expected a Standard Schema'],
    [{ migrate: {} }, TypeError, 'migrate: it is an object, expected a function'],
    [null, TypeError, 'options: it is null, expected an object'],
  ])('%o at once', (options, type, message) => {
    const declaring = () => task(options as Anything)
    expect(declaring).toThrow(type)
    expect(declaring).toThrow(message)
  })

  it('no backoff of its own, and no infinite number of attempts', () => {
    expect(task({ retry: { backoff: () => 5, maxAttempts: Number.POSITIVE_INFINITY } })).toBeDefined()
  })
})

describe('enqueue refuses', () => {
  it.each([
    [null, 'options: it is null, expected an object'],
    [{ delay: 1 }, 'options.delay: there is no such option, expected key, dedupeKey'],
    [{ delayMs: '5' }, 'options.delayMs: it is "5", expected a finite number of at least 0'],
    [{ dedupeKey: 'a', while: 5 }, 'options.while: it is 5, expected an array'],
    [{ dedupeKey: 'a', while: 'dead' }, 'options.while: it is "dead", expected an array'],
    [{ dedupeKey: 'a', while: ['gone'] }, 'options.while[0]: it is "gone", expected pending, running'],
  ])('%o with a TypeError, and takes nothing in', async (options, message) => {
    const queue = opened()
    const refused = queue.enqueue('ping', 1, options as EnqueueOptions)
    await expect(refused).rejects.toThrow(TypeError)
    await expect(refused).rejects.toThrow(message)
    expect((await queue.list()).jobs).toEqual([])
  })

  it.each([
    [{}, 'items: it is an object, expected an array'],
    [[null], 'items[0]: it is null, expected an object'],
    [[{ payload: 1 }], 'kind: it is undefined, expected a kind of this queue, which knows "ping"'],
    [
      [
        { kind: 'ping', payload: 1 },
        { kind: 'ping', delay: 1 },
      ],
      'options.delay: there is no such option',
    ],
  ])('%o for enqueueAll with a TypeError, and takes nothing in', async (items, message) => {
    const queue = opened()
    const refused = queue.enqueueAll(items as Anything)
    await expect(refused).rejects.toThrow(TypeError)
    await expect(refused).rejects.toThrow(message)
    expect((await queue.list()).jobs).toEqual([])
  })
})

describe('an open queue refuses', () => {
  it('a listener that is no function, before anything can call it', () => {
    const queue = opened()
    expect(() => queue.on('idle', 5 as Anything)).toThrow('Cannot use listener: it is 5, expected a function')
    expect(() => queue.view().subscribe(undefined as Anything)).toThrow(TypeError)
  })

  it('an event that does not exist', () => {
    const queue = opened()
    expect(() => queue.on('complete' as Anything, () => undefined)).toThrow(/"complete".*completed/)
    expect(() => queue.on(undefined as Anything, () => undefined)).toThrow(TypeError)
  })

  it.each<[string, (queue: ReturnType<typeof opened>) => unknown, string]>([
    ['redrive(undefined)', (queue) => queue.redrive(undefined as Anything), 'filter: it is undefined'],
    ['a misspelt filter', (queue) => queue.list({ knd: 'ping' } as object), 'filter.knd: there is no such'],
    ['text as a limit', (queue) => queue.list({ limit: '5' as Anything }), 'filter.limit: it is "5"'],
    ['an unknown kind to resume', (queue) => queue.resume('pong' as 'ping'), 'kind: it is "pong", expected'],
    ['text as grace', (queue) => queue.stop({ graceMs: '5' as Anything }), 'options.graceMs: it is "5"'],
    ['misspelt grace', (queue) => queue.stop({ grace: 5 } as object), 'options.grace: there is no such'],
    [
      'a misspelt deadline',
      (queue) => queue.drain({ deadline: 5 } as object),
      'options.deadline: there is no',
    ],
    ['a misspelt signal', (queue) => queue.flush({ singal: 5 } as object), 'options.singal: there is no'],
    [
      'a signal that is none',
      (queue) => queue.result('a', { signal: 5 as Anything }),
      'options.signal: it is 5',
    ],
    ['text as force', (queue) => queue.destroy({ force: 'no' as Anything }), 'options.force: it is "no"'],
  ])('%s with a TypeError', async (_, call, message) => {
    const queue = opened()
    const refused = Promise.resolve(call(queue))
    await expect(refused).rejects.toThrow(TypeError)
    await expect(refused).rejects.toThrow(message)
  })

  it('no hold to end that it shows, although the kind is another context’s', async () => {
    const { given, keep } = bench()
    const unauthorized = (): Promise<unknown> => assertOk(new Response('who?', { status: 401 }))
    const one = keep(createQueue({ ...given(), handlers: { pong: unauthorized } }))
    const other = keep(createQueue({ ...given(), handlers: { ping: () => undefined } }))
    await one.enqueue('pong')
    await one.start()
    await until(async () => (await other.info()).holds.length === 1)
    await one.stop()
    await other.resume('pong' as 'ping')
    expect((await other.info()).holds).toEqual([])
    await expect(other.resume('pong' as 'ping')).rejects.toThrow(TypeError)
  })

  it('a misspelt filter of a view', () => {
    expect(() => opened().view({ knd: 'ping' } as object)).toThrow(/filter\.knd/)
  })
})

describe('elsewhere', () => {
  it('text is no number of milliseconds', () => {
    expect(() => snooze('a' as Anything)).toThrow('Cannot snooze: ms is "a", expected 0 or more milliseconds')
    expect(() => snooze('5' as Anything)).toThrow(RangeError)
    expect(() => new RetryError('later', { afterMs: '5' as Anything })).toThrow('afterMs is "5", expected')
  })

  it('misspelt options are refused', () => {
    expect(() => new RetryError('later', { afterMS: 5 } as object)).toThrow(/options\.afterMS.*afterMs/)
    expect(() => indexedDbStore({ databasename: 'a' } as object)).toThrow(
      /options\.databasename.*databaseName/,
    )
  })
})
