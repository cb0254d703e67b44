import { type Deciding, owned, wishFor } from './decide.ts'
import type { Job } from './job.ts'
import { bytesOf, finishedAt } from './pile.ts'
import type { State } from './state.ts'

/** How long finished jobs are kept. */
export interface Retention {
  /** Completed and cancelled jobs (milliseconds). @default 3_600_000 */
  readonly finishedMs: number
  /** At most so many completed and cancelled jobs. @default 1_000 */
  readonly finishedCount: number
  /** Dead letters' payloads and checkpoints together, and what each takes besides (bytes, estimated). @default Infinity */
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

/** Removes what the owner's retention need not keep, the first to finish first. Returns the jobs, whose payloads go. */
export function decideRetention(
  state: State,
  retention: Retention,
  isPinned: (id: string) => boolean,
  { now, emit, owner }: Pick<Deciding, 'now' | 'emit' | 'owner'>,
): Job[] {
  const retired = state.index.retired(owner)
  const surplus = retired.size - retention.finishedCount
  const gone: Job[] = []
  for (const job of retired.byFinish()) {
    const isOld = now.wall - finishedAt(job) >= retention.finishedMs
    if ((gone.length >= surplus && !isOld) || gone.length >= atOnce) break
    if (!isPinned(job.id)) gone.push(job)
  }
  if (gone.length > 0) emit({ type: 'removed', ids: gone.map((job) => job.id) })
  return gone
}

/** The owner's dead letters that are over their retention, the first to die first. */
export function excessDead(
  state: State,
  owner: string,
  { deadBytes, deadMs }: Pick<Retention, 'deadBytes' | 'deadMs'>,
  wall: number,
): Job[] {
  const dead = state.index.dead(owner)
  let surplus = dead.bytes - deadBytes
  const gone: Job[] = []
  for (const job of dead.byFinish()) {
    const isOld = wall - finishedAt(job) >= deadMs
    if ((surplus <= 0 && !isOld) || gone.length >= atOnce) break
    surplus -= bytesOf(job)
    gone.push(job)
  }
  return gone
}
