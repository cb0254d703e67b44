import { isQueueError } from '../../errors.ts'
import type { Store } from '../contract.ts'
import type { Blobs } from './blobs.ts'
import type { Run } from './transaction.ts'

/** Reads payloads: what is asked for in one turn, as the jobs of one claim do, in one transaction. */
export function createPayloads(run: Run, blobs: Blobs): Store['payload'] {
  let asked: string[] = []
  let reading: Promise<unknown[]> | undefined
  const readAll = (ids: readonly string[]): Promise<unknown[]> =>
    run({ stores: ['payloads'], mode: 'readonly' }, (step) => {
      const requests = ids.map((id) => step.store('payloads').get(id))
      return () => requests.map(({ result }) => blobs.unpack(result))
    })
  const begin = async (ids: string[]): Promise<unknown[]> => {
    asked = ids
    await undefined
    reading = undefined
    return readAll(ids)
  }
  return async (id) => {
    reading ??= begin([])
    const place = asked.push(id) - 1
    try {
      return (await reading)[place]
    } catch (error) {
      // One record that is lost fails a transaction for all that are read in it.
      if (!isQueueError(error, 'store-corrupt')) throw error
      return (await readAll([id]))[0]
    }
  }
}
