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
  const keepsDead =
    retention.deadBytes === Number.POSITIVE_INFINITY && retention.deadMs === Number.POSITIVE_INFINITY
  let announced: ReadonlySet<string> = new Set()
  return (state, drafting) => {
    const { now, emit } = drafting
    for (const job of decideRetention(state, retention, results.isPinned, { now, emit, owner })) {
      if (job.beside !== undefined) drafting.drop(job.id)
    }
    if (keepsDead) return undefined
    const excess = excessDead(state, owner, retention, now.wall)
    const due = excess.filter((job) => announced.has(job.id))
    const fresh = excess.filter((job) => !announced.has(job.id))
    if (due.length > 0) emit({ type: 'removed', ids: due.map((job) => job.id) })
    for (const job of due) if (job.beside !== undefined) drafting.drop(job.id)
    return () => {
      // One that was saved, and dies again, is announced again.
      announced = new Set(fresh.map((job) => job.id))
      for (const job of fresh) announce(job.id, job.kind)
    }
  }
}
