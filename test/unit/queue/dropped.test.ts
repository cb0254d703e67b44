import 'fake-indexeddb/auto'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createQueue, indexedDbStore, type QueueEvents } from '../../../src/index.ts'
import { bench } from './bench.ts'

/** Chromium says so at `upgradeneeded`, when it has dropped a database that it found damaged. */
function sayDropped(dataLoss: string): void {
  Object.defineProperty(IDBVersionChangeEvent.prototype, 'dataLoss', { value: dataLoss, configurable: true })
  onTestFinished(() => void Reflect.deleteProperty(IDBVersionChangeEvent.prototype, 'dataLoss'))
}

async function openedBy(name: string, count: number): Promise<QueueEvents['store'][][]> {
  const { given, keep } = bench(indexedDbStore())
  const told: QueueEvents['store'][][] = []
  for (let index = 0; index < count; index++) {
    const queue = keep(createQueue({ ...given({ name }), handlers: { note: () => undefined } }))
    const heard = vi.fn<(event: QueueEvents['store']) => void>()
    queue.on('store', heard)
    expect((await queue.info()).store.state).toBe('opened')
    told.push(heard.mock.calls.map(([event]) => event))
    await queue.close()
  }
  return told
}

test('what a browser says that it dropped is told as lost, once, to whoever made the database anew', async () => {
  sayDropped('total')
  expect(await openedBy('dropped', 2)).toEqual([
    [{ state: 'lost' }, { state: 'opened' }],
    [{ state: 'opened' }],
  ])
})

test('a database that is made on the first day is no loss', async () => {
  sayDropped('none')
  expect(await openedBy('first day', 1)).toEqual([[{ state: 'opened' }]])
})
