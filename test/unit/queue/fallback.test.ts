import { describe, expect, it } from 'vitest'
import { createQueue, QueueError, type StoreFactory, memoryStore, task } from '../../../src/index.ts'
import { bench, until } from './bench.ts'
import { fakeLocks } from './locks.ts'

const tasks = { work: task<string, string>() }

/** Stores of one identity that cannot be opened. */
function blocked(identity: string): { readonly store: StoreFactory; closed: number } {
  const unavailable = () =>
    Promise.reject(new QueueError('store-unavailable', 'Cannot open: cookies are blocked'))
  const all: { readonly store: StoreFactory; closed: number } = {
    closed: 0,
    store: (name) => ({
      ...memoryStore()(name),
      identity,
      load: unavailable,
      destroy: unavailable,
      close: async () => {
        all.closed++
      },
    }),
  }
  return all
}

describe('a store that falls back to memory', () => {
  it('can be destroyed by force before anything else was asked of it', async () => {
    const { given, keep } = bench(blocked('blocked:destroyed').store)
    const options = { ...given({ name: 'destroyed', fallback: 'memory' }), tasks }
    const other = keep(createQueue(options))
    await other.enqueue('work', 'a')
    await keep(createQueue(options)).destroy({ force: true })
    expect((await keep(createQueue(options)).list()).jobs).toEqual([])
  })

  it('closes the store that it gives up', async () => {
    const first = blocked('blocked:closed')
    const { given, keep } = bench(first.store)
    const queue = keep(createQueue({ ...given({ name: 'closed', fallback: 'memory' }), tasks }))
    await queue.enqueue('work', 'a')
    expect(first.closed).toBe(1)
  })

  it('hears at once of what other queues of its context do', async () => {
    const { given, keep } = bench()
    const open = (identity: string) =>
      keep(
        createQueue({
          ...given({ name: 'heard', fallback: 'memory', store: blocked(identity).store }),
          tasks,
          handlers: { work: (text: string) => text },
        }),
      )
    const [one, other] = [open('blocked:6'), open('blocked:7')]
    await one.start()
    const { id } = await other.enqueue('work', 'a')
    await until(async () => (await one.get(id))?.state === 'completed')
  })

  it('counts as open under the identity it has then', async () => {
    const { given } = bench()
    const open = (identity: string, version: number) =>
      createQueue({
        ...given({ name: 'counted', fallback: 'memory', store: blocked(identity).store }),
        tasks: { work: task<string>({ version }) },
      })
    const queue = open('blocked:1', 1)
    await queue.info()
    const other = open('blocked:2', 2)
    await expect(other.info()).rejects.toThrow(TypeError)
    await expect(other.enqueue('work', 'a')).rejects.toThrow(/version of "work"/)
    await queue.close()
    expect(await other.enqueue('work', 'a')).toMatchObject({ durable: false })
    await other.close()
    const again = open('blocked:3', 1)
    await again.info()
    await again.close()
  })

  it('leaves the jobs of a live context alone, which fell back from elsewhere', async () => {
    const { given, keep } = bench()
    const locks = fakeLocks()
    const open = (identity: string, work: () => Promise<string>) =>
      keep(
        createQueue({
          ...given({
            name: 'held',
            fallback: 'memory',
            store: blocked(identity).store,
            locks: locks.context(),
          }),
          tasks,
          handlers: { work },
        }),
      )
    const one = open('blocked:4', () => new Promise<string>(() => undefined))
    const { id } = await one.enqueue('work', 'a')
    await one.start()
    await until(async () => (await one.get(id))?.state === 'running')
    const other = open('blocked:5', async () => 'taken over')
    await other.start()
    await until(() => locks.waiting > 0)
    expect(await other.get(id)).toMatchObject({ state: 'running', attempt: 1 })
  })
})
