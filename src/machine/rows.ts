import type { HoldCause } from './events.ts'
import type { DeadReason, Failure } from './job.ts'

/** A dedupe key taken for a time: it may outlive its job. */
export interface Slot {
  readonly key: string
  readonly id: string
  readonly until: number
  readonly ms: number
}

/** A kind that waits for the outside world. */
export interface Hold {
  readonly owner: string
  readonly kind: string
  /** Tells this hold from earlier ones of the kind. */
  readonly number: number
  readonly cause: HoldCause
  readonly openedAt: number
  /** When the next probe may go. */
  readonly availableAt: number
  /** Absent: until `resume`. */
  readonly waitMs?: number | undefined
  /** Probes that failed. */
  readonly tries: number
  readonly probe?: { readonly id: string; readonly epoch: number } | undefined
}

/** A finish that the server has not settled: everything the acknowledgement says, whatever becomes of the job. */
export interface Ack {
  readonly owner: string
  readonly sequence: number
  readonly id: string
  readonly type: 'completed' | 'dead'
  readonly kind: string
  readonly key?: string | undefined
  readonly attempt: number
  readonly finish: number
  readonly enqueuedAt: number
  readonly finishedAt: number
  /** JSON text. */
  readonly result?: string | undefined
  /** Why it is dead. */
  readonly reason?: DeadReason | undefined
  readonly error?: Failure | undefined
}

/** An ack the server refused, kept for the operator: the newest {@link maxRejects} of each owner. */
export interface Reject extends Ack {
  readonly number: number
  readonly code: string
  readonly message: string
}

export const maxRejects = 1_000

/** One owner's outbox. */
export interface Outbox {
  readonly owner: string
  readonly id: string
  /** The last number given. Numbers without an {@link Ack} above `acked` are gone: they are sent as lost. */
  readonly last: number
  /** Everything up to here is settled. */
  readonly acked: number
  /** The event id at `acked`, where it is known. */
  readonly ackedId?: string | undefined
  readonly sender?: string | undefined
  /** Rejects so far. */
  readonly rejects: number
}

/** The highest entry a writer committed: how a lost answer is looked up. */
export interface Writer {
  readonly counter: number
  readonly at: number
}

/** The log's counters (under `counters`), and which owners are paused (under `paused` and the owner). */
export interface Meta {
  readonly ordinal: number
  readonly order: number
  readonly hold: number
  readonly paused: boolean
}

/** An event id in the outbox; the wire format has it from here. */
export function ackId(sequence: number, jobId: string): string {
  return `${sequence}-${jobId}`
}
