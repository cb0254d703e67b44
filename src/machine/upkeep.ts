import { type Deciding, wishFor } from './decide.ts'
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

/** Sends the owner's jobs whose time has run out to the dead letters, wherever they stand in line. */
export function decideExpiry(state: State, deciding: Deciding): void {
  for (const id of state.index.expiries(deciding.owner).takeOver(deciding.now)) {
    const job = state.jobs.get(id)
    if (job?.state !== 'pending') continue
    deciding.emit({ type: 'dead', id, reason: 'expired', outbox: wishFor(state, job, 'dead', deciding) })
  }
}

/** Removes what retention need not keep. Returns the jobs, whose payloads go with them. */
export function decideRetention(
  state: State,
  retention: Retention,
  isPinned: (id: string) => boolean,
  { now, emit }: Pick<Deciding, 'now' | 'emit'>,
): Job[] {
  const gone: Job[] = []
  let surplus = state.index.retired.size - retention.finishedCount
  for (const job of state.index.retired.values()) {
    const isOld = now.wall - (job.finishedAt ?? 0) >= retention.finishedMs
    if ((surplus <= 0 && !isOld) || gone.length >= atOnce) break
    if (isPinned(job.id)) continue
    surplus--
    gone.push(job)
  }
  if (gone.length > 0) emit({ type: 'removed', ids: gone.map((job) => job.id) })
  return gone
}

/** The dead letters that are over their retention, oldest first. */
export function excessDead(state: State, { deadBytes, deadMs }: Retention, wall: number): Job[] {
  const excess: Job[] = []
  let bytes = state.index.deadBytes
  for (const job of state.index.dead.values()) {
    const isOld = wall - (job.finishedAt ?? 0) >= deadMs
    if ((bytes <= deadBytes && !isOld) || excess.length >= atOnce) break
    bytes -= bytesOf(job)
    excess.push(job)
  }
  return excess
}
