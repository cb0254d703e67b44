import type { Verdict } from '../errors.ts'
import { backoffMs, finiteMs, type RetryPolicy } from './backoff.ts'
import { type Deciding, fence, type Holder, wishFor } from './decide.ts'
import type { HoldCause } from './events.ts'
import type { Failure, Job } from './job.ts'
import type { Hold } from './rows.ts'
import type { State } from './state.ts'

/** What a handler's failure says of itself. */
export type FailureNote = Omit<Failure, 'at' | 'attempt' | 'charged'>

/** How a kind's failures are treated. */
export interface FailurePolicy {
  readonly retry: RetryPolicy
  /** A dead head blocks its key. */
  readonly deadBlocks: boolean
  /** A number from 0 to below 1, drawn outside the decision. */
  readonly random: number
}

/** A verdict without `no-response`, which a connectivity probe has turned into one of the others. */
export type Judged = Exclude<Verdict, { readonly type: 'no-response' }> & { readonly cause?: HoldCause }

/** The holder's work is done: its effect happened, whatever else was asked meanwhile. */
export function decideComplete(
  state: State,
  holder: Holder,
  result: string | undefined,
  deciding: Deciding,
): void {
  const job = fence(state, holder)
  const outbox = wishFor(state, job, 'completed', deciding)
  deciding.emit({ type: 'completed', ...pick(holder), result, outbox })
  if (probing(state, job)) lift(job, deciding)
}

/** The holder keeps how far the work is: JSON text. */
export function decideCheckpoint(state: State, holder: Holder, checkpoint: string, { emit }: Deciding): void {
  fence(state, holder)
  emit({ type: 'checkpointed', ...pick(holder), checkpoint })
}

/** The holder gives the job back: nothing is charged. At most once: it may have run, so it is dead. */
export function decideRelease(state: State, holder: Holder, deciding: Deciding, waitMs?: number): void {
  const job = fence(state, holder)
  if (settledOtherwise(state, job, undefined, deciding)) return
  deciding.emit({ type: 'released', ...pick(holder), why: 'stopped', waitMs })
}

/** The handler asked to be called again later: an outcome, not a failure. */
export function decideSnooze(state: State, holder: Holder, waitMs: number, deciding: Deciding): void {
  const job = fence(state, holder)
  if (probing(state, job)) lift(job, deciding)
  if (settledOtherwise(state, job, undefined, deciding)) return
  deciding.emit({ type: 'released', ...pick(holder), why: 'snoozed', waitMs: finiteMs(waitMs) })
}

/** A claim that came to nothing: its handler was never called, so nothing can have happened. */
export function decideUnclaim(state: State, holder: Holder, waitMs: number, deciding: Deciding): void {
  const job = fence(state, holder)
  if (job.cancelRequested) deciding.emit({ type: 'cancelled', ...pick(holder) })
  else deciding.emit({ type: 'released', ...pick(holder), why: 'unclaimed', waitMs: finiteMs(waitMs) })
}

/** The handler saw its cancellation. */
export function decideCancelled(state: State, holder: Holder, deciding: Deciding): void {
  fence(state, holder)
  deciding.emit({ type: 'cancelled', ...pick(holder) })
}

/** The payload cannot be made into what the handler expects: no attempt would help. */
export function decideUnfit(
  state: State,
  holder: Holder,
  reason: 'payload-invalid' | 'migration-failed',
  note: FailureNote,
  policy: FailurePolicy,
  deciding: Deciding,
): void {
  const job = fence(state, holder)
  const outbox = wishFor(state, job, 'dead', deciding)
  const error = { ...note, charged: true }
  deciding.emit({ type: 'dead', ...pick(holder), reason, error, blocks: blocks(job, policy), outbox })
}

/** The handler failed. */
export function decideFailure(
  state: State,
  holder: Holder,
  note: FailureNote,
  verdict: Judged,
  policy: FailurePolicy,
  deciding: Deciding,
): void {
  const job = fence(state, holder)
  const held = verdict.type === 'hold' || verdict.type === 'hold-until-resume'
  if (probing(state, job) && !held && verdict.answered === true) lift(job, deciding)
  if (held) failHeld(state, job, note, verdict, policy, deciding)
  else failOwn(state, job, note, verdict, policy, deciding)
}

function failOwn(
  state: State,
  job: Job,
  note: FailureNote,
  verdict: Extract<Judged, { type: 'fatal' | 'retry' }>,
  policy: FailurePolicy,
  deciding: Deciding,
): void {
  const error = { ...note, charged: true }
  const hold = probing(state, job)
  if (hold?.waitMs !== undefined) rearm(hold, hold.waitMs, policy, deciding)
  if (settledOtherwise(state, job, error, deciding)) return
  const errors = job.errors + 1
  const gaveUp = errors >= policy.retry.maxAttempts
  if (verdict.type === 'fatal' || gaveUp) {
    const reason = verdict.type === 'fatal' ? 'fatal' : 'errors'
    const outbox = wishFor(state, job, 'dead', deciding)
    deciding.emit({ type: 'dead', ...pick(job), reason, error, blocks: blocks(job, policy), outbox })
    return
  }
  const waitMs = Math.max(backoffMs(policy.retry, errors, policy.random), finiteMs(verdict.afterMs ?? 0))
  deciding.emit({ type: 'retried', ...pick(job), error, waitMs, probed: hold?.number })
}

/** The outside world's fault: charged to the job that opens the hold, and never fatal. */
function failHeld(
  state: State,
  job: Job,
  note: FailureNote,
  verdict: Extract<Judged, { type: 'hold' | 'hold-until-resume' }>,
  policy: FailurePolicy,
  deciding: Deciding,
): void {
  const open = state.hold(job.owner, job.kind)
  const probed = probing(state, job)?.number
  const error = { ...note, charged: open === undefined }
  const { owner, kind } = job
  let waitMs = 0
  if (verdict.type === 'hold-until-resume') {
    const isNew = open === undefined || open.waitMs !== undefined
    if (isNew) deciding.emit({ type: 'held', owner, kind, cause: 'unauthorized' })
  } else if (open === undefined || probed !== undefined) {
    const failures = open === undefined ? 1 : open.tries + 2
    const heldMs = finiteMs(verdict.afterMs || backoffMs(policy.retry, failures, policy.random))
    deciding.emit({ type: 'held', owner, kind, cause: verdict.cause ?? 'unavailable', waitMs: heldMs })
  } else {
    // The hold that is open may be shorter than this job's own answer allows.
    const ownMs = finiteMs(verdict.afterMs ?? 0)
    if (ownMs > (open.waitMs ?? 0)) waitMs = ownMs
  }
  if (settledOtherwise(state, job, error, deciding)) return
  deciding.emit({ type: 'retried', ...pick(job), error, waitMs, probed })
}

/** A probe that failed by itself told nothing of the outside world: the next one waits as long again. */
function rearm(
  { owner, kind, cause }: Hold,
  heldMs: number,
  policy: FailurePolicy,
  { emit }: Deciding,
): void {
  emit({ type: 'held', owner, kind, cause, waitMs: Math.max(heldMs, finiteMs(policy.retry.minMs)) })
}

/** What a cancellation, or a delivery of at most once, makes of an attempt that did not complete. */
function settledOtherwise(
  state: State,
  job: Job,
  error: Omit<Failure, 'at' | 'attempt'> | undefined,
  deciding: Deciding,
): boolean {
  if (job.once) {
    const outbox = wishFor(state, job, 'dead', deciding)
    deciding.emit({ type: 'dead', ...pick(job), reason: 'maybe-ran', error, outbox })
    return true
  }
  if (job.cancelRequested) deciding.emit({ type: 'cancelled', ...pick(job) })
  return job.cancelRequested === true
}

function blocks(job: Job, policy: FailurePolicy): boolean | undefined {
  return job.key === undefined ? undefined : policy.deadBlocks
}

function lift(job: Job, { emit }: Deciding): void {
  emit({ type: 'resumed', owner: job.owner, kind: job.kind })
}

/** The hold that this attempt probes, if it does. */
function probing(state: State, { owner, kind, id, epoch }: Job): Hold | undefined {
  const hold = state.hold(owner, kind)
  return hold?.probe?.id === id && hold.probe.epoch === epoch ? hold : undefined
}

function pick({ id, epoch }: Holder): Holder {
  return { id, epoch }
}
