import { QueueError } from '../errors.ts'
import { finiteMs } from './backoff.ts'
import { type Deciding, wishFor } from './decide.ts'
import type { PayloadFact } from './events.ts'
import { type Dedupe, type Job, slotOf, takesSlot } from './job.ts'
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
  /**
   * Should it die, for whatever reason, it keeps its key.
   *
   * @default false
   */
  readonly blocks?: boolean | undefined
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
  const slot = request.dedupe && slotOf(deciding.owner, request.kind, request.dedupe.key)
  const taker = slot === undefined ? undefined : takerOf(state, slot, deciding)
  if (slot === undefined || taker === undefined) return create(state, request, 'created', backlog, deciding)
  const { onDuplicate } = request
  const waiting = onDuplicate === 'keep' ? undefined : newest(state, slot, isPending)
  if (onDuplicate !== 'keep' && waiting === undefined && taker.job?.state === 'running') {
    return create(state, request, 'queued', backlog, deciding)
  }
  if (waiting !== undefined && onDuplicate !== 'queue-one') return revise(state, waiting, request, deciding)
  return { id: (waiting ?? taker).id, outcome: 'duplicate', taken: false, superseded: false }
}

/** Whose the slot is: of the newest job that takes it by its state, else of one that has it for a time. */
function takerOf(
  state: State,
  slot: string,
  { now }: Deciding,
): { readonly id: string; readonly job: Job | undefined } | undefined {
  const job = newest(state, slot, takesSlot)
  if (job !== undefined) return { id: job.id, job }
  const timed = state.slots.get(slot)
  if (timed === undefined || state.index.slots.isOver(slot, now)) return undefined
  return { id: timed.id, job: state.jobs.get(timed.id) }
}

function newest(state: State, slot: string, counts: (job: Job) => boolean): Job | undefined {
  return [...(state.index.takers.get(slot) ?? [])]
    .map((id) => state.jobs.get(id))
    .filter((job) => job !== undefined)
    .filter(counts)
    .reduce<Job | undefined>((a, b) => (a !== undefined && a.order > b.order ? a : b), undefined)
}

function isPending(job: Job): boolean {
  return job.state === 'pending'
}

function create(
  state: State,
  request: EnqueueRequest,
  outcome: EnqueueOutcome,
  backlog: Backlog,
  deciding: Deciding,
): EnqueueResult {
  makeRoom(state, backlog, deciding)
  const { id, kind, payload, beside, version, waitMs, expiresInMs, dedupe, blocks } = request
  deciding.emit({
    type: 'enqueued',
    owner: deciding.owner,
    id,
    kind,
    payload,
    beside,
    version,
    priority: request.priority,
    key: request.key,
    once: request.once,
    waitMs: waitMs && finiteMs(waitMs),
    expiresInMs: expiresInMs && finiteMs(expiresInMs),
    dedupe: dedupe?.ms === undefined ? dedupe : { ...dedupe, ms: finiteMs(dedupe.ms) },
    blocks: (blocks && request.key !== undefined) || undefined,
  })
  return { id, outcome, taken: true, superseded: false }
}

function revise(state: State, job: Job, request: EnqueueRequest, deciding: Deciding): EnqueueResult {
  const { payload, beside, version, priority } = request
  const { now, emit } = deciding
  const why = request.onDuplicate === 'debounce' ? 'debounced' : 'replaced'
  const wanted = why === 'debounced' ? debounceMs(job, request, now.wall) : request.waitMs
  // What a failure made it wait for is a floor, whatever is in it now.
  const floor = job.attempt === 0 ? 0 : state.index.ready.untilOver(job, now)
  const waitMs = wanted === undefined ? undefined : finiteMs(Math.max(wanted, floor))
  emit({ type: 'revised', id: job.id, why, payload, beside, version, waitMs, priority })
  return { id: job.id, outcome: why, taken: true, superseded: job.beside !== undefined }
}

function debounceMs(job: Job, request: EnqueueRequest, wall: number): number {
  const left = job.enqueuedAt + (request.debounceMaxMs ?? Number.POSITIVE_INFINITY) - wall
  return Math.max(0, Math.min(request.waitMs ?? 0, left))
}

function makeRoom(state: State, { maxPending, overflow }: Backlog, deciding: Deciding): void {
  if (maxPending === Number.POSITIVE_INFINITY || pendingOf(state, deciding.owner) < maxPending) return
  const oldest = overflow === 'reject' ? undefined : state.index.oldest(deciding.owner)
  if (oldest === undefined) {
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
  for (const { counts } of state.index.ready.lanes(owner)) pending += counts.pending
  return pending
}
