import { type Deciding, owned, wishFor } from './decide.ts'
import { bytesOf } from './indexes.ts'
import type { Job } from './job.ts'
import type { State } from './state.ts'

/** How long finished jobs are kept. */
export interface Retention {
  /** Completed and cancelled jobs (milliseconds). @default 3_600_000 */
  readonly finishedMs: number
  /** At most so many completed and cancelled jobs. @default 1_000 */
  readonly finishedCount: number
  /** Dead letters' payloads together (bytes). @default Infinity */
  readonly deadBytes: number
  /** @default Infinity */
  readonly deadMs: number
}

/** The most jobs one entry expires or removes, so that no entry grows without bound. */
const atOnce = 1_000

/**
 * Sends the owner's jobs whose time has run out to the dead letters, wherever they stand in line. Returns whether that
 * were all of them: one entry takes only so many.
 */
export function decideExpiry(state: State, deciding: Deciding): boolean {
  const expiries = state.index.expiries(deciding.owner)
  for (let left = atOnce; left > 0; left--) {
    const id = expiries.firstOver(deciding.now)
    if (id === undefined) return true
    const outbox = wishFor(state, owned(state, deciding.owner, id), 'dead', deciding)
    deciding.emit({ type: 'dead', id, reason: 'expired', outbox })
  }
  return false
}

/** Removes what retention need not keep, the first to finish first. Returns the jobs, whose payloads go with them. */
export function decideRetention(
  state: State,
  retention: Retention,
  isPinned: (id: string) => boolean,
  { now, emit }: Pick<Deciding, 'now' | 'emit'>,
): Job[] {
  const { retired } = state.index
  const isOld = (job: Job): boolean => now.wall - finishedAt(job) >= retention.finishedMs
  const surplus = retired.size - retention.finishedCount
  const gone = byFinish(retired.values(), (job) => (surplus > 0 || isOld(job)) && !isPinned(job.id))
    .filter((job, place) => place < surplus || isOld(job))
    .slice(0, atOnce)
  if (gone.length > 0) emit({ type: 'removed', ids: gone.map((job) => job.id) })
  return gone
}

/** The dead letters that are over their retention, the first to die first. */
export function excessDead(state: State, { deadBytes, deadMs }: Retention, wall: number): Job[] {
  const { dead, deadBytes: weight } = state.index
  const isOld = (job: Job): boolean => wall - finishedAt(job) >= deadMs
  let surplus = weight - deadBytes
  return byFinish(dead.values(), (job) => weight > deadBytes || isOld(job))
    .filter((job) => {
      const goes = surplus > 0 || isOld(job)
      surplus -= bytesOf(job)
      return goes
    })
    .slice(0, atOnce)
}

/** Those that count, the first to finish first. */
function byFinish(jobs: Iterable<Job>, counts: (job: Job) => boolean): Job[] {
  return [...jobs].filter(counts).sort((a, b) => finishedAt(a) - finishedAt(b) || a.ordinal - b.ordinal)
}

function finishedAt(job: Job): number {
  return Number(job.finishedAt)
}
