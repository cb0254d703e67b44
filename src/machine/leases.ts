import { type Deciding, wishFor } from './decide.ts'
import type { Reclaimed } from './events.ts'
import type { Job } from './job.ts'
import type { State } from './state.ts'

/** What an observer knows of the holders beside the log. */
export interface Sightings {
  /** The observer's own worker: never lost to itself. */
  readonly me: string
  /** Workers whose bye lies beside the log. */
  readonly byes: ReadonlySet<string>
  /** Workers whose lock was seen free after they had claimed under it. */
  readonly freed: ReadonlySet<string>
  /** How long a holder with a lock may be silent (milliseconds). */
  readonly lockSilenceMs: number
}

export interface LostLease {
  readonly worker: string
  readonly cause: Reclaimed['cause']
}

/** Which holders are gone, as far as this observer's own monotonic clock can tell. */
export function lostLeases(state: State, sightings: Sightings, mono: number): LostLease[] {
  const lost: LostLease[] = []
  for (const worker of state.index.held.keys()) {
    const cause = worker === sightings.me ? undefined : causeOfLoss(state, worker, sightings, mono)
    if (cause !== undefined) lost.push({ worker, cause })
  }
  return lost
}

function causeOfLoss(
  state: State,
  worker: string,
  sightings: Sightings,
  mono: number,
): Reclaimed['cause'] | undefined {
  if (sightings.byes.has(worker)) return 'bye'
  if (untilSilent(state, worker, sightings.lockSilenceMs, mono) > 0 && !sightings.freed.has(worker))
    return undefined
  return runOf(state, worker)?.interruptible ? 'interrupted' : 'crash'
}

/** Milliseconds until this observer takes the worker's leases for lost. */
export function untilSilent(state: State, worker: string, lockSilenceMs: number, mono: number): number {
  const run = runOf(state, worker)
  const allowedMs = run?.lock ? lockSilenceMs : (run?.leaseMs ?? 0)
  return Math.max(0, (state.index.seen.get(worker) ?? mono) + allowedMs - mono)
}

/** Takes back what lost holders held. A crash is counted, and one too many is poison. */
export function decideReclaim(
  state: State,
  lost: readonly LostLease[],
  maxCrashes: number,
  deciding: Deciding,
): void {
  for (const { worker, cause } of lost) {
    for (const job of heldBy(state, worker)) takeBack(state, job, cause, maxCrashes, deciding)
  }
}

function takeBack(
  state: State,
  job: Job,
  cause: Reclaimed['cause'],
  maxCrashes: number,
  deciding: Deciding,
): void {
  const { id, epoch } = job
  const { emit } = deciding
  if (job.once) {
    emit({ type: 'dead', id, epoch, reason: 'maybe-ran', outbox: wishFor(state, job, 'dead', deciding) })
    return
  }
  if (job.cancelRequested) {
    emit({ type: 'cancelled', id, epoch })
    return
  }
  emit({ type: 'reclaimed', id, epoch, cause })
  if (cause !== 'crash' || (job.crashes ?? 0) + 1 <= maxCrashes) return
  emit({ type: 'dead', id, reason: 'poison', outbox: wishFor(state, job, 'dead', deciding) })
}

/** Keeps the worker's leases, if it has any. */
export function decideRenew(state: State, worker: string, { emit }: Pick<Deciding, 'emit'>): void {
  if (state.index.held.has(worker)) emit({ type: 'renewed', worker })
}

/** What any of its jobs says: a worker claims all of them the same way. */
function runOf(state: State, worker: string): Job['run'] {
  const [id = ''] = state.index.held.get(worker) ?? []
  return state.jobs.get(id)?.run
}

function heldBy(state: State, worker: string): Job[] {
  return [...(state.index.held.get(worker) ?? [])]
    .map((id) => state.jobs.get(id))
    .filter((job) => job !== undefined)
    .sort((a, b) => a.ordinal - b.ordinal)
}
