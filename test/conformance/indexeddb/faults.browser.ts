import { expect, test } from 'vitest'
import { cdp } from 'vitest/browser'
import { isQueueError } from '../../../src/errors.ts'
import { draftOf, headOf } from '../../../src/testing/conformance/bench.ts'
import { indexedDbCases } from './cases.ts'
import { openQueue } from './queue.ts'

indexedDbCases()

test('site data cleared under a handle at work: it goes on with a new log, and says so', async () => {
  const { open } = openQueue()
  const store = open()
  const old = await headOf(store)
  const failures: string[] = []
  let clearing = true
  const work = async () => {
    for (let at = old; clearing || at.log === old.log; ) {
      const commit = store.commit(at, () => draftOf('a:1', { durability: 'strict' }))
      const seq = await commit.catch(async (error: unknown) => {
        failures.push(isQueueError(error) ? error.code : String(error))
      })
      at = seq === undefined ? await headOf(store) : { log: at.log, seq }
    }
  }
  const clear = async () => {
    const storage = { origin: location.origin, storageTypes: 'indexeddb' }
    await cdp().send('Storage.clearDataForOrigin', storage)
    clearing = false
  }
  await Promise.all([work(), clear()])
  expect((await store.load()).log).not.toBe(old.log)
  expect(failures.length).toBeGreaterThan(0)
  for (const code of failures) expect(['store-failed', 'log-replaced']).toContain(code)
  await expect(store.read(old)).rejects.toMatchObject({ code: 'log-replaced' })
})
