import { isQueueError } from '../../errors.ts'
import type { Store } from '../contract.ts'
import type { Link } from './link.ts'
import { newReserve, reserveBytes } from './schema.ts'
import type { Run } from './transaction.ts'

/** Room put by, so that a full origin can still be worked off. */
export interface Reserve {
  /** Runs `write`; if the origin is full, frees the reserve and runs it once more. */
  drawOn<T>(write: () => Promise<T>): Promise<T>
  /** Frees the reserve, so that the next, smaller write finds room. */
  free(): Promise<void>
  /** Puts the reserve back if it was freed and there is room; in the background, and not again while it runs. */
  refill(): void
}

export function createReserve(run: Run, link: Link, estimate: Store['estimate']): Reserve {
  const meta = { stores: ['meta'], mode: 'readwrite' } as const
  let refilling = false

  // A transaction of its own: where there is no room, a delete commits only alone.
  const free = () =>
    run(meta, (step) => {
      if (link.current) link.current.reserved = false
      step.answered(step.store('meta').delete('reserve'), step.commit)
      return () => undefined
    }).catch(() => undefined) // What the caller has to hear of is the quota, and it will.
  const putBack = async () => {
    // Not into the last of the room: it would be freed again by the next commit.
    const room = await estimate?.()
    if (room && room.quota - room.usage < 4 * reserveBytes) return
    await run(meta, (step) => {
      step.answered(step.store('meta').put(newReserve(), 'reserve'), step.commit)
      return () => undefined
    })
    if (link.current) link.current.reserved = true
  }

  return {
    free,
    async drawOn(write) {
      try {
        return await write()
      } catch (error) {
        if (!isQueueError(error, 'quota-exceeded')) throw error
        await free()
        return await write()
      }
    },
    refill() {
      if (refilling || link.current?.reserved !== false) return
      refilling = true
      putBack()
        // Still full, or closed meanwhile: the next commit, or the next handle, tries again.
        .catch(() => undefined)
        .finally(() => {
          refilling = false
        })
    },
  }
}
