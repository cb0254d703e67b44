import { describe, expect, it } from 'vitest'
import { createQueue, defineTasks, memoryStore, task } from '../../../src/index.ts'
import { bench, passing, record, turns, until } from './bench.ts'

const tasks = defineTasks({ work: task<string, string>() })

describe('a queue that is over', () => {
  it('has no view that goes on looking, once closed', async () => {
    const { given, keep, clock } = bench()
    const queue = keep(createQueue({ ...given(), tasks }))
    const warnings = record(queue, 'warning')
    const end = queue.view().subscribe(() => undefined)
    await queue.info()
    expect(clock.timers).toBe(1)
    await queue.close()
    expect(clock.timers).toBe(0)
    await passing(clock, 60_000)
    expect(warnings).toEqual([])
    end()
    queue.view().subscribe(() => undefined)
    expect(clock.timers).toBe(0)
  })

  it('sends nothing and looks at nothing once its log is of a newer version', async () => {
    const store = memoryStore()
    const { given, keep, clock } = bench(store)
    let requests = 0
    const fetch = () => {
      requests++
      return Promise.reject(new TypeError('no network'))
    }
    const sync = { url: 'https://example.test/acks', fetch, lingerMs: 0 }
    const queue = keep(createQueue({ ...given({ sync }), tasks, handlers: { work: () => 'done' } }))
    let isDown = false
    queue.on('store', ({ state }) => {
      isDown ||= state === 'down'
    })
    queue.view().subscribe(() => undefined)
    const { id } = await queue.enqueue('work', 'a')
    await queue.start()
    await queue.result(id)
    await passing(clock, 1_000)
    expect(requests).toBeGreaterThan(0)
    await appendNewer(store)
    await until(() => isDown)
    await turns()
    const [before, warnings] = [requests, record(queue, 'warning')]
    await passing(clock, 600_000)
    expect([requests, warnings]).toEqual([before, []])
    expect(clock.timers).toBe(0)
  })
})

/** As a later Holdfast would. */
async function appendNewer(store: ReturnType<typeof memoryStore>): Promise<void> {
  const handle = store('mail')
  const { log, mark, entries } = await handle.load()
  const body = JSON.stringify({ v: 99, at: 0, events: [] })
  const seq = mark + entries.length
  await handle.commit({ log, seq }, () => ({ id: 'newer:1', body, durability: 'strict' }))
  await handle.close()
}
