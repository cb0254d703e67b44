import { expect, test } from 'vitest'
import { isQueueError } from '../../../src/errors.ts'
import { draftOf, headOf } from '../../../src/testing/conformance/bench.ts'
import { openQueue } from './queue.ts'

/** The user clears the site's data, which `clear` does, while the site is open. */
export function clearedCases(clear: () => Promise<void>): void {
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
    const cleared = clear().finally(() => {
      clearing = false
    })
    await Promise.all([work(), cleared])
    expect((await store.load()).log).not.toBe(old.log)
    expect(failures.length).toBeGreaterThan(0)
    for (const code of failures) expect(['store-failed', 'log-replaced']).toContain(code)
    await expect(store.read(old)).rejects.toMatchObject({ code: 'log-replaced' })
  })
}
