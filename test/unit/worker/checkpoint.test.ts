import { describe, expect, it } from 'vitest'
import { createQueue, defineTasks, type JobContext, memoryStore, snooze, task } from '../../../src/index.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, gate, turns, until } from '../queue/bench.ts'

const lost = expect.objectContaining({ code: 'lease-lost' })

describe('job.checkpoint', () => {
  it('gives what it kept to the attempts after a failure, a snooze, and in another context', async () => {
    const { given, keep, clock } = bench()
    const seen: unknown[] = []
    const tasks = defineTasks({ work: task({ retry: { baseMs: 10, backoff: 'fixed' } }) })
    const work = async (_: unknown, job: JobContext) => {
      seen.push(job.checkpointed)
      await job.checkpoint({ at: job.attempt })
      seen.push(job.checkpointed)
      if (job.attempt === 1) throw new Error('once more')
      if (job.attempt === 2) return snooze(10)
      return 'done'
    }
    const one = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    const { id } = await one.enqueue('work', undefined)
    await one.drain()
    clock.advance(10)
    await one.drain()
    expect((await one.get(id))?.checkpoint).toEqual({ at: 2 })
    await one.close()
    clock.advance(10)
    const other = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    await other.drain()
    expect(seen).toEqual([undefined, { at: 1 }, { at: 1 }, { at: 2 }, { at: 2 }, { at: 3 }])
    expect(await other.get(id)).toMatchObject({ state: 'completed', checkpoint: undefined })
  })

  it('resolves once it is in the store, and not before', async () => {
    const stalled = gate()
    let stalls = false
    const store = faultyStore(memoryStore(), ({ method }) =>
      stalls && method === 'commit' ? { type: 'stall', until: stalled.promise } : undefined,
    )
    const { given, keep } = bench(store)
    const steps: string[] = []
    const work = async (_: unknown, job: JobContext) => {
      stalls = true
      steps.push('asks')
      await job.checkpoint(1)
      steps.push('kept')
    }
    const queue = keep(createQueue({ ...given(), handlers: { work } }))
    const { id } = await queue.enqueue('work', undefined)
    await queue.start()
    await until(() => steps.length === 1)
    await turns()
    expect(steps).toEqual(['asks'])
    stalls = false
    stalled.open()
    await queue.result(id)
    expect(steps).toEqual(['asks', 'kept'])
  })

  it('is refused to an attempt that was given up, and what its successor kept stands', async () => {
    const { given, keep, clock, store } = bench()
    const [frozen, refused] = [gate(), gate<unknown>()]
    const zombie = keep(
      createQueue({
        ...given(),
        store,
        handlers: {
          work: async (_: unknown, job: JobContext) => {
            await job.checkpoint('mine')
            await frozen.promise
            refused.open(await job.checkpoint('late').catch((error: unknown) => error))
          },
        },
      }),
    )
    const { id } = await zombie.enqueue('work', undefined)
    await zombie.start()
    await until(async () => (await zombie.get(id))?.checkpoint === 'mine')
    await zombie.leave()
    const seen: unknown[] = []
    const next = keep(
      createQueue({
        ...given(),
        handlers: {
          work: async (_: unknown, job: JobContext) => {
            seen.push(job.checkpointed)
            await job.checkpoint('newer')
            frozen.open()
            await refused.promise
            seen.push((await next.get(job.id))?.checkpoint)
          },
        },
      }),
    )
    await next.start()
    clock.advance(1_000)
    await next.result(id)
    expect(seen).toEqual(['mine', 'newer'])
    expect(await refused.promise).toMatchObject({ code: 'stopped' })
  })

  it('is refused after the handler has returned', async () => {
    const { given, keep } = bench()
    let job: JobContext | undefined
    const work = (_: unknown, context: JobContext) => {
      job = context
    }
    const queue = keep(createQueue({ ...given(), handlers: { work } }))
    await queue.enqueue('work', undefined)
    await queue.drain()
    await expect(job?.checkpoint(1)).rejects.toEqual(lost)
  })

  it('takes JSON of 16,384 characters, and says what is wrong with anything else', async () => {
    const { given, keep } = bench()
    const work = async (_: unknown, job: JobContext) => {
      await expect(job.checkpoint(new Map() as never)).rejects.toThrow('it is not JSON')
      await expect(job.checkpoint('x'.repeat(16_383))).rejects.toThrow(
        /it has 16385 characters of JSON, of 16384/,
      )
      expect(job.checkpointed).toBeUndefined()
      await job.checkpoint('x'.repeat(16_382))
    }
    const queue = keep(createQueue({ ...given(), handlers: { work } }))
    const { id } = await queue.enqueue('work', undefined)
    await queue.drain()
    expect(await queue.get(id)).toMatchObject({ state: 'completed', failures: [] })
  })

  it('is refused alone when the store is full: the job goes on', async () => {
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'commit' ? { type: 'quota', over: ({ body }) => body.includes('checkpointed') } : undefined,
    )
    const { given, keep } = bench(store)
    const work = async (_: unknown, job: JobContext) => {
      await expect(job.checkpoint(1)).rejects.toMatchObject({ code: 'quota-exceeded' })
      return 'done'
    }
    const queue = keep(createQueue({ ...given(), handlers: { work } }))
    const { id } = await queue.enqueue('work', undefined)
    await queue.drain()
    expect(await queue.get(id)).toMatchObject({ state: 'completed', result: 'done', failures: [] })
  })

  it('restarts stallMs', async () => {
    const { given, keep, clock } = bench()
    let job: JobContext | undefined
    const end = gate()
    const tasks = defineTasks({ work: task({ stallMs: 1_000 }) })
    const work = (_: unknown, context: JobContext) => {
      job = context
      return end.promise
    }
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work } }))
    const { id } = await queue.enqueue('work', undefined)
    await queue.start()
    await until(() => job !== undefined)
    for (let pass = 0; pass < 3; pass++) {
      clock.advance(900)
      await job?.checkpoint(pass)
    }
    expect(job?.signal.aborted).toBe(false)
    end.open()
    await queue.result(id)
  })
})
