import { describe, expect, it } from 'vitest'
import { createQueue, defineTasks, task } from '../../../src/index.ts'
import type { CommonOptions } from '../../../src/queue/options.ts'
import type { Locks } from '../../../src/worker/types.ts'
import { bench, record, turns, until } from './bench.ts'
import { fakeLocks } from './locks.ts'

const tasks = defineTasks({ send: task<string, string>(), other: task() })

describe('a drain', () => {
  it('takes up at once what a holder had that is gone without a word', async () => {
    const [tools, locks] = [bench(), fakeLocks()]
    const [theirs, ours] = [locks.context(), locks.context()]
    const gone = tools.keep(
      createQueue({
        ...tools.given({ locks: theirs, worker: { interruptible: true } }),
        ...{ tasks, handlers: { send: () => new Promise<string>(() => undefined) } },
      }),
    )
    const { id } = await gone.enqueue('send', 'ada')
    await gone.start()
    await until(async () => (await gone.info()).worker.running === 1)
    theirs.die()
    // A browser grants locks later than its storage answers, at times.
    const slow: Locks = {
      async request(...given) {
        await turns()
        return ours.request(...given)
      },
    }

    const queue = tools.keep(
      createQueue({ ...tools.given({ locks: slow }), tasks, handlers: { send: () => 'sent' } }),
    )
    const reclaimed = record(queue, 'reclaimed')
    expect(await queue.drain()).toMatchObject({ completed: 1, remaining: 0 })
    expect(reclaimed).toEqual([['reclaimed', { id, kind: 'send', cause: 'interrupted' }]])
  })

  it('leaves alone what a holder has that is there', async () => {
    const [tools, locks] = [bench(), fakeLocks()]
    const given = () => tools.given({ locks: locks.context() })
    const send = () => new Promise<string>(() => undefined)
    const holder = tools.keep(createQueue({ ...given(), tasks, handlers: { send } }))
    await holder.enqueue('send', 'ada')
    await holder.start()
    const queue = tools.keep(createQueue({ ...given(), tasks, handlers: { send } }))
    expect(await queue.drain()).toMatchObject({ completed: 0, remaining: 1, stopped: 'idle' })
    await turns()
    expect((await holder.info()).worker.running).toBe(1)
  })
})

describe('a context that leaves', () => {
  const inits: RequestInit[] = []
  const sync = {
    url: 'https://api/acks',
    lingerMs: 3_600_000,
    fetch: async (_: string, init: RequestInit): Promise<Response> => {
      inits.push(init)
      throw new TypeError('no network')
    },
  }

  it('sends nothing unless it is told to, or another context sends', async () => {
    const tools = bench()
    const open = () =>
      tools.keep(createQueue({ ...tools.given({ sync }), tasks, handlers: { send: () => 'sent' } }))
    const [queue, other] = [open(), open()]
    const { id } = await queue.enqueue('send', 'ada')
    await queue.start()
    await queue.result(id)
    await queue.leave()
    expect(inits).toHaveLength(0)
    await other.flush().catch(() => undefined)
    expect(inits.map(({ keepalive }) => keepalive)).toEqual([undefined])
    await queue.info()
    await queue.leave({ flush: true })
    expect(inits).toHaveLength(1)
    await other.leave()
    await queue.drain()
    inits.length = 0
    await queue.leave({ flush: true })
    expect(inits.map(({ keepalive }) => keepalive)).toEqual([true])
  })

  it('refuses an option that there is not', async () => {
    const tools = bench()
    const queue = tools.keep(createQueue({ ...tools.given(), tasks }))
    await expect(queue.leave({ flsh: true } as never)).rejects.toThrow(TypeError)
  })
})

describe('info', () => {
  it('says what is worth coming back for, here and elsewhere', async () => {
    const tools = bench()
    const queue = tools.keep(
      createQueue({ ...tools.given(), tasks, handlers: { send: () => Promise.reject(new Error('busy')) } }),
    )
    const owed = async () => (await queue.info()).owed
    expect(await owed()).toEqual({ here: false, elsewhere: false })
    await queue.enqueue('send', 'ada', { delayMs: 1_000 })
    await queue.enqueue('other')
    expect(await owed()).toEqual({ here: false, elsewhere: true })
    await queue.enqueue('send', 'grace')
    await queue.drain()
    expect(await owed()).toEqual({ here: true, elsewhere: true })
  })
})

describe('a warning before the quota', () => {
  function filling(limits?: CommonOptions['limits']) {
    const tools = bench()
    const estimate = { usage: 0, quota: 1_000 }
    const store: typeof tools.store = (name) => ({ ...tools.store(name), estimate: async () => estimate })
    const queue = tools.keep(createQueue({ ...tools.given({ store, ...(limits && { limits }) }), tasks }))
    const warnings = record(queue, 'warning')
    return {
      warnings,
      async fill(usage: number) {
        estimate.usage = usage
        await queue.info()
      },
    }
  }

  it('is told once each time that nine tenths come to be used', async () => {
    const { warnings, fill } = filling()
    await fill(899)
    expect(warnings).toEqual([])
    await fill(900)
    await fill(950)
    expect(warnings).toEqual([
      [
        'warning',
        {
          message: 'Room for jobs is running out: 90 % of the quota is used',
          cause: { usage: 900, quota: 1_000 },
          id: undefined,
        },
      ],
    ])
    await fill(500)
    await fill(1_000)
    expect(warnings).toHaveLength(2)
  })

  it('comes at another share where that is asked for', async () => {
    const { warnings, fill } = filling({ warnAtShare: 0.5 })
    await fill(500)
    expect(warnings).toHaveLength(1)
    expect(() => filling({ warnAtShare: 1.5 })).toThrow(RangeError)
  })
})
