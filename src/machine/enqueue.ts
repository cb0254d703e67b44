import { QueueError } from '../errors.ts'
import { type Deciding, wishFor } from './decide.ts'
import type { PayloadFact } from './events.ts'
import { type Dedupe, type Job, slotOf } from './job.ts'
import type { State } from './state.ts'

/** What becomes of an enqueue whose dedupe key is taken. */
export type OnDuplicate = 'keep' | 'replace' | 'debounce' | 'queue-one'

/**
 * What became of an enqueue: a new job; nothing, for the key is taken; the waiting job has the new payload; the
 * waiting job has it and waits anew; a new job follows the running one.
 */
export type EnqueueOutcome = 'created' | 'duplicate' | 'replaced' | 'debounced' | 'queued'

export interface EnqueueRequest extends PayloadFact {
  /** Minted outside: decisions may run several times. */
  readonly id: string
  readonly kind: string
  /** Absent: at once, or as the waiting job it replaces. */
  readonly waitMs?: number | undefined
  readonly priority?: number | undefined
  readonly key?: string | undefined
  readonly dedupe?: Dedupe | undefined
  readonly onDuplicate: OnDuplicate
  /** How long, from its first enqueue, a debounced job may be put off (milliseconds). */
  readonly debounceMaxMs?: number | undefined
  readonly expiresInMs?: number | undefined
  readonly once?: boolean | undefined
}

export interface Backlog {
  readonly maxPending: number
  readonly overflow: 'reject' | 'drop-oldest'
}

export interface EnqueueResult {
  /** The job that carries the work: the new one, or the one whose key it is. */
  readonly id: string
  readonly outcome: EnqueueOutcome
  /** Whether the payload given is the one that job `id` now has. */
  readonly taken: boolean
  /** The job's earlier payload lies beside the log and is not wanted any more. */
  readonly superseded: boolean
}

/** Takes a job in, or tells what its dedupe key makes of it. */
export function decideEnqueue(
  state: State,
  request: EnqueueRequest,
  backlog: Backlog,
  deciding: Deciding,
): EnqueueResult {
  const { owner } = deciding
  const earlier = request.dedupe && takers(state, slotOf(owner, request.kind, request.dedupe.key), deciding)
  if (earlier === undefined || earlier.length === 0)
    return create(state, request, 'created', backlog, deciding)
  const waiting = earlier.find((job) => job.state === 'pending')
  const running = earlier.find((job) => job.state === 'running')
  const { onDuplicate } = request
  if (onDuplicate !== 'keep' && waiting === undefined && running !== undefined) {
    return create(state, request, 'queued', backlog, deciding)
  }
  if (waiting !== undefined && (onDuplicate === 'replace' || onDuplicate === 'debounce')) {
    return revise(waiting, request, deciding)
  }
  const { id } = waiting ?? running ?? (earlier[0] as Job)
  return { id, outcome: 'duplicate', taken: false, superseded: false }
}

function takers(state: State, slot: string, { now }: Deciding): Job[] {
  const ids = new Set(state.index.takers.get(slot))
  const timed = state.slots.get(slot)
  if (timed !== undefined && !state.index.slots.isOver(slot, now)) ids.add(timed.id)
  const jobs: Job[] = []
  for (const id of ids) {
    const job = state.jobs.get(id)
    if (job !== undefined) jobs.push(job)
    else if (id === timed?.id) jobs.push(ghost(id))
  }
  return jobs
}

/** A job that is gone, but whose key is taken for a while yet. */
function ghost(id: string): Job {
  const none = { ordinal: 0, order: 0, owner: '', kind: '', enqueuedAt: 0, availableAt: 0, waitMs: 0 }
  return { id, ...none, attempt: 0, epoch: 0, errors: 0, revision: 0, state: 'completed' }
}

function create(
  state: State,
  request: EnqueueRequest,
  outcome: EnqueueOutcome,
  backlog: Backlog,
  deciding: Deciding,
): EnqueueResult {
  makeRoom(state, backlog, deciding)
  const { onDuplicate: _, debounceMaxMs: __, ...facts } = request
  deciding.emit({ type: 'enqueued', owner: deciding.owner, ...facts })
  return { id: request.id, outcome, taken: true, superseded: false }
}

function revise(job: Job, request: EnqueueRequest, { now, emit }: Deciding): EnqueueResult {
  const { payload, beside, version, priority } = request
  const why = request.onDuplicate === 'debounce' ? 'debounced' : 'replaced'
  const waitMs = why === 'debounced' ? debounceMs(job, request, now.wall) : request.waitMs
  emit({ type: 'revised', id: job.id, why, payload, beside, version, waitMs, priority })
  return { id: job.id, outcome: why, taken: true, superseded: job.beside !== undefined }
}

function debounceMs(job: Job, request: EnqueueRequest, wall: number): number {
  const left = job.enqueuedAt + (request.debounceMaxMs ?? Number.POSITIVE_INFINITY) - wall
  return Math.max(0, Math.min(request.waitMs ?? 0, left))
}

function makeRoom(state: State, { maxPending, overflow }: Backlog, deciding: Deciding): void {
  if (maxPending === Number.POSITIVE_INFINITY) return
  if (pendingOf(state, deciding.owner) < maxPending) return
  const oldest = state.index.oldest(deciding.owner)
  if (overflow === 'reject' || oldest === undefined) {
    throw new QueueError(
      'backlog-full',
      `Cannot enqueue: the backlog holds ${maxPending} jobs, which is its limit`,
    )
  }
  const outbox = wishFor(state, oldest, 'dead', deciding)
  deciding.emit({ type: 'dead', id: oldest.id, reason: 'overflow', outbox })
}

/** How many of the owner's jobs are pending. */
export function pendingOf(state: State, owner: string): number {
  let pending = 0
  for (const lane of state.index.ready.lanes()) if (lane.owner === owner) pending += lane.counts.pending
  return pending
}
