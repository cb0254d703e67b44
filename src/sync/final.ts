import type { State } from '../machine/state.ts'
import { type Batch, bytesOf, encodeNext } from './batch.ts'
import { maxCount } from './course.ts'

/** What browsers let all `keepalive` requests of a page carry together (bytes). */
export const maxFinalBytes = 65_536

/**
 * What a page that is going away can still send: the first acknowledgements, as many as one `keepalive` request
 * holds. `undefined` when there are none, or when the first alone is too large. Nobody waits for the answer; whoever
 * sends next learns from the server that these are known.
 */
export function finalBatch(state: State, queue: string, owner: string, at: number): Batch | undefined {
  const batch = encodeNext(state, { queue, owner, count: maxCount, bytes: maxFinalBytes, at })
  return batch !== undefined && bytesOf(batch.body) <= maxFinalBytes ? batch : undefined
}
