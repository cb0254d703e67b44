import type { Deciding } from '../machine/decide.ts'
import { decideRetention, excessDead, type Retention } from '../machine/upkeep.ts'
import type { Rider } from '../replica/types.ts'
import type { Results } from './results.ts'

/**
 * Rides along to remove what retention need not keep. A dead letter is announced first, and goes with a later entry:
 * whoever hears of it can still save it.
 */
export function upkeepRider(
  owner: string,
  retention: Retention,
  results: Results,
  announce: (id: string, kind: string) => void,
): Rider {
  const announced = new Set<string>()
  return (state, drafting) => {
    const deciding: Pick<Deciding, 'now' | 'emit'> = drafting
    for (const job of decideRetention(state, retention, results.isPinned, deciding)) {
      if (job.beside !== undefined) drafting.drop(job.id)
    }
    const excess = excessDead(state, retention, drafting.now.wall).filter((job) => job.owner === owner)
    const due = excess.filter((job) => announced.has(job.id))
    const fresh = excess.filter((job) => !announced.has(job.id))
    if (due.length > 0) drafting.emit({ type: 'removed', ids: due.map((job) => job.id) })
    for (const job of due) if (job.beside !== undefined) drafting.drop(job.id)
    if (excess.length === 0) return undefined
    return () => {
      for (const job of due) announced.delete(job.id)
      for (const job of fresh) {
        announced.add(job.id)
        announce(job.id, job.kind)
      }
    }
  }
}
