import type { DeadReason, JobState } from '../../machine/job.ts'

/** A job as the oracle's own fold has it: the counters and what guards need, nothing else. */
export interface ModelJob {
  readonly id: string
  readonly owner: string
  readonly kind: string
  readonly key: string | undefined
  readonly dedupeKey: string | undefined
  /** In which of its states that key is taken; none where it is for a time. */
  readonly dedupeWhile: readonly JobState[]
  readonly isOnce: boolean
  order: number
  /** By the wall clock of whoever wrote it. */
  availableAt: number
  priority: number
  readonly expiresAt: number
  state: JobState
  attempt: number
  epoch: number
  errors: number
  crashes: number
  releases: number
  fruitless: number
  best: number
  finish: number
  revision: number
  /** As the log has it: JSON text. */
  checkpoint: string | undefined
  blocks: boolean
  isBeside: boolean
  isCancelRequested: boolean
  worker: string | undefined
  /** Whoever holds it is stopped at will by its host. */
  isInterruptible: boolean
  /** Who wrote its claim. */
  writer: string | undefined
  reason: DeadReason | undefined
}

export interface ModelHold {
  readonly number: number
  isUntilResume: boolean
  /** When the next probe may go; 0 where a host may say so sooner. */
  readonly probeAt: number
  probe: { readonly id: string; readonly epoch: number } | undefined
  /** The job whose failure opened it is yet to be charged, in the same entry. */
  owesCharge: boolean
}

export interface ModelOutbox {
  readonly id: string
  last: number
  acked: number
  /** By number: job and finish. Set aside, or settled, it is there no more. */
  readonly queued: Map<number, string>
}
