import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { assertOk } from '../../../src/http/index.ts'
import { defineTasks, FatalError, memoryStore, task } from '../../../src/index.ts'
import type { Answer } from '../../../src/host/ask.ts'
import { attach, type AttachOptions, type RegistrationLike } from '../../../src/host/page/index.ts'
import { attach as attachWorker } from '../../../src/host/service-worker/index.ts'
import type { CommonOptions } from '../../../src/queue/options.ts'
import { createQueue } from '../../../src/queue/queue.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, gate, passing, turns, until, untilLater } from '../queue/bench.ts'
import { fakePage, fakeRegistration, fakeSync, fakeWorker } from './scopes.ts'

const tasks = defineTasks({ send: task<string, unknown>() })

interface Setup {
  readonly more?: Partial<CommonOptions>
  readonly attach?: AttachOptions
  readonly send?: (to: string) => unknown
}

/** A page's queue, attached; its handlers are the page's own. */
function setUp({ more = {}, attach: given = {}, send = () => 'sent' }: Setup = {}) {
  const tools = bench()
  const page = fakePage()
  const queue = tools.keep(createQueue({ ...tools.given(more), handlers: { send } }))
  const host = attach(queue, { clock: tools.clock, scope: page.scope, ...given })
  return { ...tools, page, queue, host }
}

/** A page without handlers, and a service worker that has them. */
async function withWorker({
  grants = true,
  send = (): unknown => 'sent',
  ...more
}: Setup & { grants?: boolean } = {}) {
  const tools = bench()
  const [page, sync] = [fakePage(), fakeSync()]
  sync.refuses = !grants
  const worker = fakeWorker(sync.manager)
  const theirs = tools.keep(createQueue({ ...tools.given(), tasks, handlers: { send } }))
  attachWorker(theirs, { scope: worker.scope, clock: tools.clock })
  const queue = tools.keep(createQueue({ ...tools.given(more.more), tasks }))
  const registration = fakeRegistration(worker, sync)
  const given = { clock: tools.clock, scope: page.scope, registration: registration.given }
  const host = attach(queue, { ...given, ...more.attach })
  await turns()
  return { ...tools, page, sync, worker, theirs, queue, host, registration }
}

const monthMs = 30 * 86_400_000

/** Time passes on the platform’s own clock, as its timers have it; returns what lets it. */
function platformTime(): (ms: number) => Promise<void> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  return async (ms) => {
    await turns()
    await vi.advanceTimersByTimeAsync(ms)
    await turns()
  }
}

/** A page on the platform’s clock, whose worker gives these answers. */
function withAnswers(...answers: readonly Answer[]) {
  const asks: unknown[] = []
  const postMessage = (ask: unknown, [port]: readonly unknown[] = []): void => {
    asks.push(ask)
    for (const answer of answers) if (port instanceof MessagePort) port.postMessage(answer)
  }
  const tools = bench()
  const queue = tools.keep(createQueue({ ...tools.given(), tasks }))
  const host = attach(queue, { scope: fakePage().scope, registration: { active: { postMessage } } })
  onTestFinished(() => host.detach())
  return { queue, host, asks }
}

const isStarted = async (queue: { info(): Promise<{ worker: { started: boolean } }> }): Promise<boolean> =>
  (await queue.info()).worker.started

describe('a page that goes', () => {
  it.each([
    ['pagehide', 'pageshow'],
    ['freeze', undefined],
  ])('by %s leaves, and starts again under another name when it is back', async (away, back) => {
    const { page, queue } = setUp()
    await queue.start()
    const { name } = (await queue.info()).worker
    page.fire(away)
    expect(await isStarted(queue)).toBe(false)
    if (back) page.fire(back)
    else page.document.dispatchEvent(new Event('resume'))
    await until(() => isStarted(queue))
    expect((await queue.info()).worker.name).not.toBe(name)
  })

  it('is back once it is seen, should the event that says so be lost', async () => {
    const { page, queue } = setUp()
    await queue.start()
    page.fire('pagehide')
    page.show('hidden')
    await turns()
    expect(await isStarted(queue)).toBe(false)
    page.show('visible')
    await until(() => isStarted(queue))
  })

  it('starts again once it can, should its store not open at first', async () => {
    let isDown = false
    const errors: unknown[] = []
    const store = faultyStore(memoryStore(), () => (isDown ? { type: 'fail-before' } : undefined))
    const attached: AttachOptions = { onError: (error) => errors.push(error) }
    const { page, queue, clock } = setUp({ more: { store }, attach: attached })
    await queue.start()
    page.fire('pagehide')
    isDown = true
    page.fire('pageshow')
    await untilLater(clock, () => errors.length > 0)
    isDown = false
    expect(await isStarted(queue)).toBe(false)
    page.show('visible')
    await until(() => isStarted(queue))
  })

  it('is not started when it is back if it was not, or was stopped since', async () => {
    const { page, queue } = setUp()
    page.fire('pagehide')
    page.fire('pageshow')
    await turns()
    expect(await isStarted(queue)).toBe(false)
    await queue.start()
    page.fire('pagehide')
    await queue.stop()
    page.fire('pageshow')
    await turns()
    expect(await isStarted(queue)).toBe(false)
  })

  it('sends what acknowledgements it has in one keepalive request', async () => {
    const inits: RequestInit[] = []
    const fetch = async (_: string, init: RequestInit): Promise<Response> => {
      inits.push(init)
      throw new TypeError('it is gone')
    }
    const { page, queue } = setUp({ more: { sync: { url: 'https://api/acks', fetch, lingerMs: 3_600_000 } } })
    const { id } = await queue.enqueue('send', 'ada')
    await queue.start()
    await queue.result(id)
    expect(inits).toEqual([])
    page.fire('pagehide')
    expect(inits.map(({ keepalive }) => keepalive)).toEqual([true])
    expect(String(inits[0]?.body)).toContain(id)
  })

  it('has its worker drain what it leaves behind', async () => {
    const { page, registration, queue } = await withWorker({ send: () => 'sent' })
    await queue.enqueue('send', 'ada')
    page.fire('pagehide')
    expect(registration.asks).toEqual([{ type: 'holdfast:drain', queue: 'mail', owner: '' }])
  })
})

describe('a page', () => {
  it('looks at the network again when it is online or seen', async () => {
    let requests = 0
    const fetch = async (): Promise<Response> => {
      requests++
      throw new TypeError('no network')
    }
    const { page, queue, clock } = setUp({ more: { sync: { url: 'https://api/acks', fetch, lingerMs: 0 } } })
    await queue.start()
    const { id } = await queue.enqueue('send', 'ada')
    await queue.result(id)
    await passing(clock, 1)
    const before = requests
    page.fire('online')
    await turns()
    expect(requests).toBe(before + 1)
    page.show('hidden')
    await turns()
    expect(requests).toBe(before + 1)
    page.show('visible')
    await turns()
    expect(requests).toBe(before + 2)
  })

  it('asks for persistence only when told to, and says what came of it', async () => {
    const { page, host } = setUp()
    expect(await host.persist()).toBe(false)
    let asked = 0
    page.navigator.storage = {
      async persist() {
        asked++
        return true
      },
    }
    await turns()
    expect(asked).toBe(0)
    expect(await host.persist()).toBe(true)
    expect(asked).toBe(1)
  })

  it('keeps no listener once it is detached, and its queue goes on', async () => {
    const { page, queue, host } = setUp()
    expect(page.listening()).toBeGreaterThan(5)
    await queue.start()
    host.detach()
    expect(page.listening()).toBe(0)
    page.fire('pagehide')
    expect(await isStarted(queue)).toBe(true)
  })

  it('that attaches a queue again listens once, and the earlier host’s detach undoes nothing', () => {
    const { page, queue, host, clock } = setUp()
    const listening = page.listening()
    const again = attach(queue, { clock, scope: page.scope })
    expect(page.listening()).toBe(listening)
    again.detach()
    host.detach()
    expect(page.listening()).toBe(0)
  })

  it('has several queues, each with a host of its own', async () => {
    const one = setUp()
    const other = one.keep(
      createQueue({ ...one.given({ name: 'bills' }), handlers: { print: () => undefined } }),
    )
    const otherHost = attach(other, { clock: one.clock, scope: one.page.scope })
    await Promise.all([one.queue.start(), other.start()])
    otherHost.detach()
    one.page.fire('pagehide')
    expect(await isStarted(one.queue)).toBe(false)
    expect(await isStarted(other)).toBe(true)
  })

  it('lets go of a queue that is closed', async () => {
    const { page, queue } = setUp()
    await queue.info()
    await queue.close()
    expect(page.listening()).toBe(0)
  })

  it('tells of a queue that cannot be read', async () => {
    const errors: unknown[] = []
    const broken = new Error('broken')
    const store = bench().store
    const { queue, clock } = setUp({
      more: { store: (name) => ({ ...store(name), load: () => Promise.reject(broken) }) },
      attach: { onError: (error) => errors.push(error) },
    })
    await turns()
    await passing(clock, 1)
    expect(errors).toEqual([broken])
    await expect(queue.info()).rejects.toThrow()
  })

  it('refuses options that make no sense', () => {
    const { queue } = setUp()
    const given = (options: object) => () => attach(queue, options)
    expect(given({ tags: 'mail' })).toThrow(TypeError)
    expect(given({ tag: '' })).toThrow('options.tag')
    expect(given({ periodicMs: -1 })).toThrow(RangeError)
  })
})

describe('a page with a worker', () => {
  it('registers a sync for what is new, by the queue’s name or the tag it is given', async () => {
    const one = await withWorker()
    expect(one.sync.registered).toEqual([])
    expect(one.host.sync).toEqual({ state: 'unknown' })
    await one.queue.enqueue('send', 'ada', { delayMs: 3_600_000 })
    await passing(one.clock, 1_000)
    expect(one.sync.registered).toEqual([])
    await one.queue.enqueue('send', 'ada')
    await passing(one.clock, 1_000)
    expect(one.host.sync).toEqual({ state: 'registered' })
    expect(one.sync.registered[0]).toBe('mail')

    const other = await withWorker({ attach: { tag: 'post' } })
    await other.queue.enqueue('send', 'ada')
    await passing(other.clock, 1_000)
    expect(other.sync.registered).toContain('post')
  })

  it('has it drain, whether syncs are granted or not, and throws nothing at the application', async () => {
    for (const grants of [true, false]) {
      const { queue, clock, theirs, host } = await withWorker({ grants })
      const { id } = await queue.enqueue('send', 'ada')
      await passing(clock, 2_000)
      expect(await theirs.result(id)).toBe('sent')
      expect(host.sync.state).toBe(grants ? 'registered' : 'refused')
    }
  })

  it('says that there are no syncs where there are none', async () => {
    const { queue, clock, host } = await withWorker({
      attach: { registration: { active: { postMessage: () => undefined } } },
    })
    await queue.enqueue('send', 'ada')
    await passing(clock, 1_000)
    expect(host.sync).toEqual({ state: 'absent' })
  })

  it('says that syncs are refused which throw instead of rejecting, and is rejected by nothing', async () => {
    const denied = new DOMException('Permission denied.', 'NotAllowedError')
    const register = (): never => {
      throw denied
    }
    const facade = { sync: { register, getTags: register }, periodicSync: { register } }
    const { queue, clock, host } = await withWorker({
      attach: { registration: { active: { postMessage: () => undefined }, ...facade }, periodicMs: 60_000 },
    })
    await queue.enqueue('send', 'ada')
    await passing(clock, 1_000)
    const refused = { state: 'refused', error: denied }
    expect([host.sync, host.periodicSync]).toEqual([refused, refused])
  })

  it('has it drain again when it is time, and no sooner', async () => {
    let tries = 0
    const send = (): unknown => {
      if (++tries < 3) throw new Error('busy')
      return 'sent'
    }
    const { queue, clock, theirs, registration } = await withWorker({ grants: false, send })
    const { id } = await queue.enqueue('send', 'ada')
    await passing(clock, 10_000)
    expect(await theirs.result(id)).toBe('sent')
    expect(tries).toBe(3)
    expect(registration.asks.length).toBeLessThan(6)
    const asked = registration.asks.length
    await passing(clock, 60_000)
    expect(registration.asks.length).toBe(asked)
  })

  it('has it drain no sooner, either, when that is later than a platform’s timers can be set for', async () => {
    const pass = platformTime()
    const result = { completed: 1, failed: 0, dead: 0, remaining: 1, nextAt: undefined } as const
    const wakeAt = Date.now() + monthMs
    const drained = { type: 'holdfast:drained', result: { ...result, wakeAt, stopped: 'held' } } as const
    const { queue, asks } = withAnswers(drained)
    await queue.enqueue('send', 'ada')
    for (let second = 0; second < 60; second++) await pass(1_000)
    await pass(monthMs - 62_000)
    expect(asks).toHaveLength(1)
    for (let second = 0; second < 3; second++) await pass(1_000)
    expect(asks.length).toBeGreaterThan(1)
  })

  it('waits for a drain that has no deadline', async () => {
    const pass = platformTime()
    const { host } = withAnswers({ type: 'holdfast:draining', deadlineMs: Number.POSITIVE_INFINITY })
    let isOver = false
    void host.drain().then(() => {
      isOver = true
    })
    await pass(monthMs)
    expect(isOver).toBe(false)
    host.detach()
    await turns()
    expect(isOver).toBe(true)
  })

  it('asks a worker that does not answer less and less often', async () => {
    const asks: unknown[] = []
    const registration: RegistrationLike = { active: { postMessage: (ask) => asks.push(ask) } }
    const { queue, clock, host } = await withWorker({ attach: { registration } })
    await queue.enqueue('send', 'ada')
    await passing(clock, 300_000)
    expect(asks.length).toBeGreaterThan(3)
    expect(asks.length).toBeLessThan(9)
    host.detach()
    await passing(clock, 600_000)
    expect(asks.length).toBeLessThan(9)
  })

  it('asks at once when a hold is over, however long it has asked in vain', async () => {
    let isSignedIn = false
    const send = () => {
      return isSignedIn ? 'sent' : assertOk(new Response(null, { status: 401 }))
    }
    const { queue, clock, registration } = await withWorker({ send })
    const { id } = await queue.enqueue('send', 'ada')
    await passing(clock, 300_000)
    expect((await queue.info()).holds).toMatchObject([{ kind: 'send' }])
    const asks = registration.asks.length
    isSignedIn = true
    await queue.resume()
    await passing(clock, 2_000)
    expect(registration.asks.length).toBeGreaterThan(asks)
    expect(await queue.get(id)).toMatchObject({ state: 'completed' })
  })

  it('asks nobody while it is offline, and at once when it is online', async () => {
    const { page, queue, clock, registration } = await withWorker()
    page.navigator.onLine = false
    await queue.enqueue('send', 'ada')
    await passing(clock, 5_000)
    expect(registration.asks).toEqual([])
    page.navigator.onLine = true
    page.fire('online')
    await passing(clock, 1_000)
    expect(registration.asks).toHaveLength(1)
  })

  it('that runs its jobs itself registers syncs, and asks for nothing', async () => {
    const sync = fakeSync()
    const registration = fakeRegistration(fakeWorker(undefined), sync)
    const { promise } = Promise.withResolvers<void>()
    const { queue, clock } = setUp({
      send: () => promise,
      attach: { registration: Promise.resolve(registration.given) },
    })
    await queue.start()
    await queue.enqueue('send', 'ada')
    await passing(clock, 30_000)
    expect(sync.registered).toEqual(['mail'])
    expect(registration.asks).toEqual([])
    sync.tags.clear()
    await queue.enqueue('send', 'grace', { delayMs: 3_600_000 })
    await passing(clock, 2_000)
    expect(sync.tags.has('mail')).toBe(true)
  })

  it('hears what a drain did that it asks for, why one failed, and nothing where nobody answers', async () => {
    const { queue, host, theirs, clock } = await withWorker()
    await queue.enqueue('send', 'ada')
    expect(await host.drain()).toMatchObject({ completed: 1, remaining: 0 })
    theirs.drain = () => Promise.reject(new FatalError('no store'))
    await expect(host.drain()).rejects.toThrow('no store')
    const alone = setUp()
    expect(await alone.host.drain()).toBe(undefined)
    const mute = attach(queue, {
      ...{ clock, scope: fakePage().scope, registration: { active: { postMessage: () => undefined } } },
    })
    const asked = mute.drain()
    await passing(clock, 20_000)
    expect(await asked).toBe(undefined)
    mute.detach()
  })

  it('keeps no timer for a worker that it cannot ask', async () => {
    const gone = new DOMException('It is gone.', 'InvalidStateError')
    const postMessage = (): never => {
      throw gone
    }
    const { host, clock } = setUp({ attach: { registration: { active: { postMessage } } } })
    await turns()
    const { timers } = clock
    await expect(host.drain()).rejects.toBe(gone)
    expect(clock.timers).toBe(timers)
  })

  it('registers a sync for what is new, though the queue could not be read at first', async () => {
    const sync = fakeSync()
    sync.tags.add('mail')
    const { given } = fakeRegistration(fakeWorker(undefined), sync)
    const { queue, clock } = setUp({ attach: { registration: given, onError: () => undefined } })
    await passing(clock, 2_000)
    const { info } = queue
    queue.info = () => Promise.reject(new Error('no store'))
    await queue.enqueue('send', 'ada')
    await passing(clock, 2_000)
    queue.info = info
    expect(sync.registered).toEqual([])
    // Something happens, but nothing new comes in.
    await queue.pause()
    await queue.resume()
    await passing(clock, 2_000)
    expect(sync.registered).toEqual(['mail'])
  })

  it('does without a worker whose registration fails, or that is not active yet', async () => {
    const told: unknown[] = []
    const broken = new Error('no such script')
    const failed = setUp({
      attach: { registration: Promise.reject(broken), onError: (error) => told.push(error) },
    })
    await failed.queue.enqueue('send', 'ada')
    await passing(failed.clock, 2_000)
    expect(failed.host.sync.state).toBe('unknown')
    expect(await failed.host.drain()).toBe(undefined)
    expect(told).toEqual([broken])
    const early = setUp({ attach: { registration: { active: null } } })
    await early.queue.enqueue('send', 'ada')
    await passing(early.clock, 2_000)
    expect(await early.host.drain()).toBe(undefined)
  })

  it('registers to be woken now and then, and says what came of it', async () => {
    const sync = fakeSync()
    const { given: registration } = fakeRegistration(fakeWorker(undefined), sync)
    const { host } = setUp({ attach: { registration, periodicMs: 60_000 } })
    await turns()
    expect(sync.intervals).toEqual([60_000])
    expect(host.periodicSync).toEqual({ state: 'registered' })
    sync.refuses = true
    const { host: refused } = setUp({ attach: { registration, periodicMs: 60_000 } })
    await turns()
    expect(refused.periodicSync).toMatchObject({ state: 'refused', error: { name: 'NotAllowedError' } })
    const { given: other } = fakeRegistration(fakeWorker(undefined))
    const { host: without } = setUp({ attach: { registration: other, periodicMs: 60_000 } })
    await turns()
    expect(without.periodicSync).toEqual({ state: 'absent' })
  })
})

describe('a page on the first visit', () => {
  /** There is no active worker yet: one is being installed. The page has a job for it. */
  async function firstVisit() {
    const sync = fakeSync()
    sync.isActive = false
    const registration = fakeRegistration(fakeWorker(undefined), sync)
    registration.install()
    const given = { registration: Promise.resolve(registration.given), periodicMs: 60_000 }
    const tools = setUp({ attach: given })
    await tools.queue.enqueue('send', 'ada')
    await passing(tools.clock, 30_000)
    return { ...tools, sync, registration }
  }

  it('registers nothing, and asks nobody, as long as its worker is not active', async () => {
    const { host, sync, registration, clock } = await firstVisit()
    registration.go('waiting')
    await passing(clock, 10_000)
    expect([sync.registered, sync.intervals, registration.asks]).toEqual([[], [], []])
    expect([host.sync, host.periodicSync]).toEqual([{ state: 'unknown' }, { state: 'absent' }])
  })

  it('registers both syncs, and has it drain, once its worker is active, though nothing else happens', async () => {
    const { host, sync, registration, clock } = await firstVisit()
    registration.go('waiting')
    registration.go('active')
    await passing(clock, 2_000)
    expect([sync.registered, sync.intervals]).toEqual([['mail'], [60_000]])
    const registered = { state: 'registered' }
    expect([host.sync, host.periodicSync]).toEqual([registered, registered])
    expect(registration.asks).toHaveLength(1)
    expect(registration.listening()).toBe(0)
  })

  it('registers them once another worker is active, should the first one not come to be', async () => {
    const { sync, registration, clock } = await firstVisit()
    registration.go('redundant')
    await passing(clock, 10_000)
    registration.install()
    registration.go('active')
    await passing(clock, 2_000)
    expect([sync.registered, sync.intervals]).toEqual([['mail'], [60_000]])
  })

  it('registers nothing, and listens to no worker, where the queue was detached before the registration was there', async () => {
    const [sync, there] = [fakeSync(), gate<RegistrationLike>()]
    sync.isActive = false
    const registration = fakeRegistration(fakeWorker(undefined), sync)
    const { host } = setUp({ attach: { registration: there.promise, periodicMs: 60_000 } })
    host.detach()
    there.open(registration.given)
    await turns()
    expect(registration.listening()).toBe(0)
  })

  it('registers nothing, and listens to no worker, once the queue is detached', async () => {
    const { host, sync, registration, clock } = await firstVisit()
    expect(registration.listening()).toBeGreaterThan(0)
    host.detach()
    expect(registration.listening()).toBe(0)
    registration.go('active')
    await passing(clock, 2_000)
    expect([sync.registered, sync.intervals]).toEqual([[], []])
  })
})
