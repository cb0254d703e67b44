import type { Job } from '../machine/job.ts'
import type { Hold, Reject } from '../machine/rows.ts'
import type { Json } from '../types.ts'
import type { HoldView, JobView, RejectedAckView } from './types.ts'

/** JSON text that the log holds, as its value. */
export function parsed(text: string | undefined): Json | undefined {
  return text === undefined ? undefined : JSON.parse(text)
}

export function showJob(job: Job): JobView {
  const { id, kind, state, key, enqueuedAt, availableAt, startedAt, finishedAt, attempt, epoch, errors } = job
  const expiresAt = job.expiresInMs === undefined ? undefined : enqueuedAt + job.expiresInMs
  return {
    ...{
      id,
      kind,
      state,
      key,
      enqueuedAt,
      availableAt,
      startedAt,
      finishedAt,
      expiresAt,
      attempt,
      epoch,
      errors,
    },
    dedupeKey: job.dedupe?.key,
    priority: job.priority ?? 0,
    crashes: job.crashes ?? 0,
    releases: job.releases ?? 0,
    progress: parsed(job.progress),
    checkpoint: parsed(job.checkpoint),
    failures: job.failures ?? [],
    reason: job.reason,
    result: parsed(job.result),
    ack: job.ack ?? 'none',
    worker: job.run?.worker,
    cancelRequested: job.cancelRequested ?? false,
    payloadBytes: job.beside ?? 0,
    revision: job.revision,
  }
}

export function showHold({ kind, cause, openedAt, availableAt, waitMs, tries }: Hold): HoldView {
  return { kind, cause, openedAt, probeAt: waitMs === undefined ? undefined : availableAt, tries }
}

export function showReject({ id, kind, sequence, type, finishedAt, code, message }: Reject): RejectedAckView {
  return { id, kind, sequence, type, finishedAt, code, message }
}
