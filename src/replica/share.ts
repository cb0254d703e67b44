import type { SubmitOptions } from './types.ts'

/** The most submissions that share an entry. */
const batchSize = 5_000

/** How many jobs are brought in by one task; deciding on more begins tasks of its own, so that a page stays smooth. */
const taskSize = 1_000

type Waiting = readonly { readonly options: SubmitOptions }[]

/** How many of those that wait share the next entry: what is joined goes alone. */
export function nextBatch(waiting: Waiting): number {
  const joined = waiting.findIndex(({ options }) => options.joined)
  return joined < 0 ? batchSize : Math.min(batchSize, Math.max(1, joined))
}

/** Whether they bring more in than one task should. */
export function isLarge(waiting: Waiting): boolean {
  let size = 0
  for (const { options } of waiting) {
    size += options.size ?? 1
    if (size > taskSize) return true
  }
  return false
}
