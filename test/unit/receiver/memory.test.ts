import { memoryAcks, type Step } from 'holdfast/receiver'
import { describe, expect, test } from 'vitest'
import { storeTests } from './store-suite.ts'

const step = (effect: () => unknown): Step<undefined> => ({
  effect,
  record: { principal: 'ada', mark: 1, id: '1-job', rejected: [] },
})

describe('memoryAcks, as a store of acknowledgements', () => {
  for (const [name, run] of Object.entries(storeTests({ open: memoryAcks, nothing: undefined })))
    test(name, run)
})

describe('memoryAcks', () => {
  test('waits for an effect that is a promise before the settlement goes on', async () => {
    const seen: string[] = []
    await memoryAcks().settle('s', function* () {
      yield step(async () => {
        await Promise.resolve()
        seen.push('effect')
      })
      seen.push('after')
      return { result: undefined }
    })
    expect(seen).toEqual(['effect', 'after'])
  })

  test('never lets two settlements of one source overlap, and lets those of two sources', async () => {
    const store = memoryAcks()
    const gate = Promise.withResolvers<void>()
    const seen: string[] = []
    const run = (source: string, label: string, wait?: Promise<void>): Promise<void> =>
      store.settle(source, function* () {
        yield step(() => wait)
        seen.push(label)
        return { result: undefined }
      })
    const first = run('a', 'a first', gate.promise)
    const second = run('a', 'a second')
    await run('b', 'b')
    expect(seen).toEqual(['b'])
    gate.resolve()
    await Promise.all([first, second])
    expect(seen).toEqual(['b', 'a first', 'a second'])
  })

  test('throws a rejected effect into the settlement', async () => {
    const caught = await memoryAcks().settle('s', function* () {
      try {
        yield step(() => Promise.reject(new Error('later')))
      } catch (error) {
        return { result: error }
      }
      return { result: undefined }
    })
    expect(caught).toEqual(new Error('later'))
  })
})
