import { describe, expect, test } from 'vitest'
import type { StoreFactory } from '../../../src/store/contract.ts'
import { memoryStore } from '../../../src/store/memory.ts'
import { settle, type TestClock, testClock, until } from './clock.ts'
import { type Context, context, jobs, owner, queue, type Server, server } from './device.ts'

describe('a started sender', () => {
  test('sends what is there at once', async () => {
    const { fetch, effects } = server()
    const { sender, finish } = await context({ fetch })
    await finish('job-1')
    sender.start()
    sender.start()
    await settle()
    expect(effects).toEqual(['job-1/1'])
    expect(sender.status()).toEqual({ state: 'idle', unsent: 0 })
  })

  test('lets finishes linger, so that they go in one request', async () => {
    const { fetch, requests } = server()
    const { sender, finish, clock, unsent } = await context({ fetch, lingerMs: 100 })
    sender.start()
    await settle()
    await finish('job-1')
    const nextAt = clock.now() + 100
    expect(sender.status()).toEqual({ state: 'waiting', unsent: 1, nextAt })
    clock.advance(60)
    await finish('job-2')
    expect(sender.status()).toEqual({ state: 'waiting', unsent: 2, nextAt })
    clock.advance(39)
    await settle()
    expect(requests).toHaveLength(0)
    clock.advance(1)
    await settle()
    expect(requests).toHaveLength(1)
    expect(unsent()).toBe(0)
  })

  test('lingers 200 ms unless told', async () => {
    const { sender, finish, clock } = await context({ fetch: server().fetch })
    sender.start()
    await settle()
    await finish('job-1')
    expect(sender.status().nextAt).toBe(clock.now() + 200)
  })

  test('is not bothered by finishes that nobody wants acknowledged, nor by another owner’s', async () => {
    const { sender, replica, finish, clock } = await context({ fetch: server().fetch })
    sender.start()
    await settle()
    await finish({ id: 'theirs', owner: 'bob' })
    await replica.submit((_, { emit }) => {
      emit({ type: 'enqueued', id: 'job-1', owner, kind: 'upload' })
      emit({ type: 'dead', id: 'job-1', reason: 'expired' })
    })
    expect(sender.status()).toEqual({ state: 'idle', unsent: 0 })
    expect(clock.timers).toBe(0)
  })

  test('sends what finished while a request was under way, after it waited for more', async () => {
    const { fetch, faults, effects } = server()
    const one = await context({ fetch })
    faults.push(async (_, answer) => {
      const response = await answer()
      await one.finish('job-2')
      return response
    })
    one.sender.start()
    await one.finish('job-1')
    one.clock.advance(200)
    await settle()
    expect(effects).toEqual(['job-1/1'])
    one.clock.advance(200)
    await settle()
    expect(effects).toEqual(['job-1/1', 'job-2/1'])
  })

  test('sends full requests one after the other, and lets only the last of them wait for more', async () => {
    const { fetch, faults, effects, requests } = server()
    const one = await context({ fetch })
    faults.push(async (_, answer) => {
      const response = await answer()
      await one.finish(...jobs(600, 'later'))
      return response
    })
    one.sender.start()
    await one.finish('job-1')
    one.clock.advance(200)
    await settle()
    expect([effects.length, requests.length]).toEqual([501, 2])
    expect(await one.state().outboxes.get(owner)?.sender).toBeUndefined()
    const flushed = one.sender.flush()
    expect(await flushed).toMatchObject({ sent: 100, remaining: 0 })
    expect(requests).toHaveLength(3)
  })

  test('waits for nothing in the midst of a flush', async () => {
    const { fetch, faults, effects } = server()
    const one = await context({ fetch })
    faults.push(async (_, answer) => {
      const response = await answer()
      await one.finish('job-2')
      return response
    })
    one.sender.start()
    await one.finish('job-1')
    expect(await one.sender.flush()).toMatchObject({ sent: 2, remaining: 0 })
    expect(effects).toEqual(['job-1/1', 'job-2/1'])
  })

  test('sends in a backoff neither because of a finish, nor later than it said', async () => {
    const { fetch, faults, requests } = server()
    const one = await context({ fetch, random: () => 0.999_999 })
    faults.push(() => Promise.reject(new TypeError('Failed to fetch')))
    await one.finish('job-1')
    one.sender.start()
    await settle()
    await one.finish('job-2')
    one.clock.advance(999)
    await settle()
    expect(requests).toHaveLength(1)
    one.clock.advance(1)
    await settle()
    expect(one.unsent()).toBe(0)
  })

  test('does not send while there is no network, and does once it is woken', async () => {
    const { fetch, requests } = server()
    let online = false
    const one = await context({ fetch, online: () => online })
    await one.finish('job-1')
    one.sender.start()
    await settle()
    expect(one.sender.status()).toMatchObject({ state: 'offline', unsent: 1 })
    expect(await one.sender.flush()).toEqual({ sent: 0, rejected: 0, remaining: 1, stopped: 'offline' })
    await one.finish('job-2')
    expect(requests).toHaveLength(0)
    expect(one.state().outboxes.get(owner)?.sender).toBeUndefined()
    online = true
    one.sender.wake()
    await settle()
    expect(one.unsent()).toBe(0)
  })

  test('finds out by itself that the network is back', async () => {
    let online = false
    const one = await context({ fetch: server().fetch, online: () => online })
    await one.finish('job-1')
    one.sender.start()
    await settle()
    online = true
    one.clock.advance(30_000)
    await settle()
    expect(one.unsent()).toBe(0)
  })

  test('stopped aborts its request, gives the outbox back, and sends nothing any more', async () => {
    const { fetch, faults, requests } = server()
    const one = await context({ fetch })
    let aborted = false
    faults.push(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true
            reject(signal.reason)
          })
        }),
    )
    await one.finish('job-1')
    one.sender.start()
    await until(() => requests.length === 1)
    const flushed = one.sender.flush()
    await settle()
    await one.sender.stop()
    expect(aborted).toBe(true)
    expect(await flushed).toEqual({ sent: 0, rejected: 0, remaining: 1, stopped: 'stopped' })
    expect(one.state().outboxes.get(owner)?.sender).toBeUndefined()
    await one.finish('job-2')
    one.sender.wake()
    one.clock.advance(3_600_000)
    await settle()
    expect(requests).toHaveLength(1)
    expect(one.clock.timers).toBe(0)
    expect(one.told).toEqual([])
  })

  test('stopped and started again in the same moment sends', async () => {
    const { fetch, faults, effects, requests } = server()
    const one = await context({ fetch })
    faults.push(() => new Promise(() => undefined))
    await one.finish('job-1')
    one.sender.start()
    await until(() => requests.length === 1)
    const stopped = one.sender.stop()
    one.sender.start()
    await stopped
    await settle()
    expect(effects).toEqual(['job-1/1'])
  })
})

/** Longer than a replica waits before it follows the next hint: the timer that it has is not the sender's. */
const watchMs = 1_000

interface Tabs {
  readonly clock: TestClock
  readonly store: StoreFactory
  readonly api: Server
  readonly a: Context
  readonly b: Context
}

async function tabs(): Promise<Tabs> {
  const [clock, store, api] = [testClock(), memoryStore(), server()]
  const { fetch } = api
  const a = await context({ clock, store, fetch, name: 'a', outbox: 'shared' })
  const b = await context({ clock, store, fetch, name: 'b', outbox: 'shared' })
  return { clock, store, api, a, b }
}

describe('two contexts of one device', () => {
  test('the one where a job finished sends; the other hears of it, and makes no request', async () => {
    const { clock, api, a, b } = await tabs()
    a.sender.start()
    b.sender.start()
    await settle()
    await a.finish('job-1')
    await settle()
    expect(a.sender.status().nextAt).toBe(clock.now() + 200)
    expect(b.sender.status().nextAt).toBe(clock.now() + 2_200)
    clock.advance(200)
    await settle()
    expect(api.requests).toHaveLength(1)
    expect(b.notices).toEqual([{ type: 'acked', id: 'job-1', sequence: 1 }])
    clock.advance(60_000)
    await settle()
    expect(api.requests).toHaveLength(1)
  })

  test('any context sends what one without a sender finished', async () => {
    const { clock, api, a, b } = await tabs()
    b.sender.start()
    await settle()
    await a.finish('job-1')
    await settle()
    clock.advance(2_200)
    await settle()
    expect(api.effects).toEqual(['job-1/1'])
  })

  test('never send at once: a flush waits for the other to be done', async () => {
    const { api, a, b } = await tabs()
    let open = 0
    let most = 0
    const slow: Server['faults'][number] = async (_, answer) => {
      open++
      most = Math.max(most, open)
      await settle()
      open--
      return answer()
    }
    api.faults.push(slow, slow, slow, slow)
    await a.finish(...jobs(600))
    await b.replica.catchUp()
    const [first, second] = await Promise.all([a.sender.flush(), b.sender.flush()])
    expect(most).toBe(1)
    expect(first.sent + second.sent).toBe(600)
    expect([a.unsent(), b.unsent()]).toEqual([0, 0])
    expect(api.requests).toHaveLength(2)
  })

  test('a sender that vanished is replaced after 60 s by the observer’s own clock, and not before', async () => {
    const { clock, api, a, b } = await tabs()
    api.faults.push(() => new Promise(() => undefined))
    await a.finish('job-1')
    const gone = expect(a.sender.flush()).rejects.toMatchObject({ code: 'closed' })
    await until(() => api.requests.length === 1)
    b.sender.start()
    await until(() => b.sender.status().nextAt !== undefined)
    expect(b.sender.status()).toMatchObject({ state: 'waiting', unsent: 1, nextAt: clock.now() + 60_000 })
    await a.replica.close()
    clock.advance(29_999)
    await settle()
    expect(api.requests).toHaveLength(1)
    clock.advance(30_001)
    await settle()
    expect(api.effects).toEqual(['job-1/1'])
    await gone
  })

  test('a sender whose context left is replaced at once, by a context that opens after it', async () => {
    const { clock, store, api, a } = await tabs()
    api.faults.push(() => new Promise(() => undefined))
    await a.finish('job-1')
    a.sender.start()
    await until(() => api.requests.length === 1)
    await a.sender.leave()
    const c = await context({ clock, store, fetch: api.fetch, name: 'c' })
    c.sender.start()
    await until(() => c.unsent() === 0)
    expect(api.effects).toEqual(['job-1/1'])
  })

  test('a sender whose context left is replaced at once by one that waited for it', async () => {
    const { api, a, b } = await tabs()
    api.faults.push(() => new Promise(() => undefined))
    await a.finish('job-1')
    a.sender.start()
    await until(() => api.requests.length === 1)
    b.sender.start()
    await until(() => b.sender.status().nextAt !== undefined)
    await a.sender.leave()
    await until(() => b.unsent() === 0)
    expect(api.effects).toEqual(['job-1/1'])
  })

  test('one that leaves begins nothing more, until it is woken', async () => {
    const { api, a } = await tabs()
    api.faults.push(() => new Promise(() => undefined))
    await a.finish('job-1')
    a.sender.start()
    await until(() => api.requests.length === 1)
    const { seq } = a.state()
    await a.sender.leave()
    await settle()
    expect(a.state().seq).toBe(seq)
    expect(api.requests).toHaveLength(1)
    a.sender.wake()
    await until(() => a.unsent() === 0)
    expect(api.effects).toEqual(['job-1/1'])
  })

  test('a sender known from a checkpoint alone is given 60 s, too', async () => {
    const { clock, store, api, a } = await tabs()
    await a.finish('job-1')
    await a.replica.submit((_, { emit }) => emit({ type: 'sending', owner, sender: 'gone' }))
    const c = await context({ clock, store, fetch: api.fetch, name: 'c' })
    c.sender.start()
    await settle()
    clock.advance(59_999)
    await settle()
    expect(api.requests).toHaveLength(0)
    clock.advance(1)
    await settle()
    expect(api.effects).toEqual(['job-1/1'])
  })

  test('one that waits for another sender is not moved by a finish, until that sender is done', async () => {
    const { clock, api, a, b } = await tabs()
    let answerNow = (): void => undefined
    api.faults.push(async (_, answer) => {
      await new Promise<void>((resolve) => {
        answerNow = resolve
      })
      return answer()
    })
    await a.finish('job-1')
    const flushed = a.sender.flush()
    await until(() => api.requests.length === 1)
    b.sender.start()
    await until(() => b.sender.status().nextAt !== undefined)
    const freeAt = clock.now() + 60_000
    clock.advance(1_000)
    await b.finish('job-2')
    expect(b.sender.status().nextAt).toBe(freeAt)
    answerNow()
    await flushed
    await b.replica.catchUp()
    await b.finish('job-3')
    expect(b.sender.status().nextAt).toBe(clock.now() + 200)
    clock.advance(200)
    await settle()
    expect(api.effects).toEqual(['job-1/1', 'job-2/1', 'job-3/1'])
  })

  test('a flush ends its wait for another sender when it is stopped or aborted', async () => {
    const { clock, a, b } = await tabs()
    await a.finish('job-1')
    await a.replica.submit((_, { emit }) => emit({ type: 'sending', owner, sender: 'another' }))
    const abort = new AbortController()
    const aborted = b.sender.flush({ signal: abort.signal })
    const stopped = a.sender.flush()
    await settle()
    abort.abort(new Error('Enough'))
    await expect(aborted).rejects.toThrow('Enough')
    await a.sender.stop()
    expect(await stopped).toMatchObject({ stopped: 'stopped', remaining: 1 })
    await settle()
    clock.advance(watchMs)
    expect(clock.timers).toBe(0)
  })

  test('one that failed lets the other flush at once', async () => {
    const { api, a, b } = await tabs()
    api.faults.push(() => Promise.reject(new TypeError('Failed to fetch')))
    await a.finish('job-1')
    a.sender.start()
    await settle()
    expect(a.sender.status().state).toBe('refused')
    expect(await b.sender.flush()).toMatchObject({ sent: 1, remaining: 0 })
  })

  test('a late answer to one that was replaced meanwhile settles nothing twice', async () => {
    const { clock, api, a, b } = await tabs()
    let answerNow = (): void => undefined
    api.faults.push(async (_, answer) => {
      const response = await answer()
      await new Promise<void>((resolve) => {
        answerNow = resolve
      })
      return response
    })
    await a.finish('job-1', 'job-2')
    const late = a.sender.flush()
    await until(() => api.effects.length === 2)
    await b.replica.catchUp()
    await b.replica.submit((_, { emit }) => emit({ type: 'acked', owner, sender: 'a2' }))
    expect(await b.sender.flush()).toMatchObject({ sent: 2 })
    answerNow()
    expect(await late).toMatchObject({ sent: 0, remaining: 0 })
    expect(a.notices.map((notice) => notice.id)).toEqual(['job-1', 'job-2'])
    clock.advance(watchMs)
    expect(clock.timers).toBe(0)
  })

  test('one whose log was made anew unseen sends what finished in it', async () => {
    const { clock, store, api, a } = await tabs()
    const deaf: StoreFactory = (name) => ({ ...store(name), subscribe: () => () => undefined })
    const b = await context({ clock, store: deaf, fetch: api.fetch, name: 'b' })
    b.sender.start()
    await a.finish('job-1')
    await store(queue).destroy()
    const c = await context({ clock, store, name: 'c' })
    await c.finish('job-2')
    await b.replica.catchUp()
    expect(b.sender.status()).toEqual({ state: 'waiting', unsent: 1, nextAt: clock.now() + 200 })
    clock.advance(200)
    await settle()
    expect(api.effects).toEqual(['job-2/1'])
  })

  test('an outbox that was erased in the middle of a request ends it quietly', async () => {
    const { api, a } = await tabs()
    api.faults.push(async (_, answer) => {
      await a.replica.submit((_state, { emit }) => emit({ type: 'erased', owner }))
      return answer()
    })
    await a.finish('job-1')
    expect(await a.sender.flush()).toEqual({ sent: 0, rejected: 0, remaining: 0 })
  })
})

describe('a store that fails', () => {
  test('rejects a flush with its error, and a started sender tries again', async () => {
    const store = memoryStore()
    let broken = false
    const one = await context({
      fetch: server().fetch,
      store: (name) => {
        const real = store(name)
        return {
          ...real,
          commit: (...given) => (broken ? Promise.reject(new RangeError('Broken')) : real.commit(...given)),
        }
      },
    })
    await one.finish('job-1')
    broken = true
    await expect(one.sender.flush()).rejects.toThrow('Broken')
    one.sender.start()
    await settle()
    expect(one.sender.status()).toMatchObject({
      state: 'waiting',
      unsent: 1,
      lastError: expect.any(RangeError),
    })
    expect(one.told.at(-1)).toMatchObject({ type: 'warning', cause: expect.any(RangeError) })
    broken = false
    one.clock.advance(10_000)
    await settle()
    expect(one.sender.status()).toEqual({ state: 'idle', unsent: 0 })
  })

  test('that was closed ends a started sender quietly', async () => {
    const one = await context({ fetch: server().fetch })
    await one.finish('job-1')
    await one.replica.close()
    one.sender.start()
    await settle()
    expect(one.told).toEqual([])
    expect(one.clock.timers).toBe(0)
  })
})
