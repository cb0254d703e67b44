import { describe, expect, it } from 'vitest'
import { createQueue, defineTasks, isQueueError, memoryStore, task } from '../../../src/index.ts'
import { type FaultPlan, faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench, gate, record, until } from './bench.ts'

const tasks = defineTasks({ work: task<string, string>() })

describe('destroy of the whole queue', () => {
  it('refuses for a job that another context brought after it had looked', async () => {
    const [looked, brought] = [gate(), gate()]
    let isAsked = false
    const plan: FaultPlan = ({ method, handle }) => {
      // Whatever the first context does to the store once it has looked.
      if (!isAsked || handle !== 0 || (method !== 'commit' && method !== 'destroy')) return undefined
      isAsked = false
      looked.open()
      return { type: 'stall', until: brought.promise }
    }
    const { given, keep } = bench(faultyStore(memoryStore(), plan))
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    const ada = keep(createQueue({ ...given({ owner: 'ada' }), tasks }))
    await queue.start()
    await queue.stop()
    isAsked = true
    const destroying = queue.destroy()
    await looked.promise
    const { id } = await ada.enqueue('work', 'theirs')
    brought.open()
    await expect(destroying).rejects.toMatchObject({ code: 'unsent' })
    expect(await ada.get(id)).toMatchObject({ state: 'pending' })
    await queue.enqueue('work', 'mine')
    expect(await queue.drain()).toMatchObject({ completed: 1 })
  })

  it('loses nothing that the same queue took in meanwhile: it refuses, or the enqueue does', async () => {
    for (let delay = 0; delay < 40; delay++) {
      const { given, keep } = bench()
      const queue = keep(createQueue({ ...given(), tasks }))
      await queue.info()
      const destroying = queue.destroy().then(
        () => 'destroyed',
        (error: unknown) => (isQueueError(error) ? error.code : 'failed'),
      )
      for (let turn = 0; turn < delay; turn++) await Promise.resolve()
      const taken = await queue.enqueue('work', 'a').then(
        ({ id }) => id,
        () => undefined,
      )
      expect([taken === undefined, await destroying]).toEqual(
        taken === undefined ? [true, 'destroyed'] : [false, 'unsent'],
      )
    }
  })

  it('closes the queue when only the store could not be erased: its jobs are', async () => {
    const store = memoryStore()
    const plan: FaultPlan = ({ method }) => (method === 'destroy' ? { type: 'fail-before' } : undefined)
    const { given, keep, clock } = bench(faultyStore(store, plan))
    const queue = keep(createQueue({ ...given(), tasks, handlers: { work: () => 'done' } }))
    const notices = record(queue, 'store')
    const ada = keep(createQueue({ ...given({ owner: 'ada' }), tasks }))
    const theirs = await ada.enqueue('work', 'x'.repeat(2_000))
    await ada.cancel(theirs.id)
    const { id } = await queue.enqueue('work', 'a')
    await queue.start()
    await queue.result(id)
    await expect(queue.destroy()).rejects.toMatchObject({ code: 'store-failed' })
    await expect(queue.info()).rejects.toMatchObject({ code: 'closed' })
    expect(notices.at(-1)).toEqual(['store', { state: 'closed' }])
    const again = keep(createQueue({ ...given(), tasks }))
    expect((await again.list()).jobs).toEqual([])
    clock.advance(250)
    await until(async () => (await ada.get(theirs.id)) === undefined)
    const handle = store('mail')
    expect(await handle.payload(theirs.id)).toBeUndefined()
    await handle.close()
    await ada.close()
    await again.close()
    expect(clock.timers).toBe(0)
  })
})
