import type { Acked, Forked, Sending, SetAside } from './ack-events.ts'
import type { DeadReason, Dedupe, Failure, Run } from './job.ts'

/**
 * The log's format. Any change of the fold, of an event or of a row raises it; a replica that meets a higher one stops
 * with `version-ahead`.
 */
export const FORMAT = 1

/** A payload as an event carries it: JSON text, or the size of what is put beside the log; neither: `undefined`. */
export interface PayloadFact {
  readonly payload?: string | undefined
  readonly beside?: number | undefined
  readonly version?: number | undefined
}

/** Under which epoch a holder writes. */
export interface Fenced {
  readonly id: string
  readonly epoch: number
}

/** Asks for an acknowledgement of this finish; the id is used if the owner has no outbox yet. */
export interface Finish {
  readonly outbox?: string | undefined
}

export interface Enqueued extends PayloadFact {
  readonly type: 'enqueued'
  readonly id: string
  readonly owner: string
  readonly kind: string
  readonly waitMs?: number | undefined
  readonly priority?: number | undefined
  readonly key?: string | undefined
  readonly dedupe?: Dedupe | undefined
  readonly expiresInMs?: number | undefined
  readonly once?: boolean | undefined
  /** Should it die, it keeps its key. */
  readonly blocks?: boolean | undefined
}

/** A waiting job's payload was superseded: by a duplicate enqueue (`why` tells the mode), or edited by an operator. */
export interface Revised extends PayloadFact {
  readonly type: 'revised'
  readonly id: string
  readonly why: 'replaced' | 'debounced' | 'edited'
  /** From now; absent: the wait stays as it is. */
  readonly waitMs?: number | undefined
  readonly priority?: number | undefined
}

export interface Claimed {
  readonly type: 'claimed'
  readonly run: Run
  readonly jobs: readonly string[]
  /** The one job is sent ahead to see whether its kind's hold is over. */
  readonly probe?: boolean | undefined
}

/** The worker is alive: renews the leases of all it holds. */
export interface Renewed {
  readonly type: 'renewed'
  readonly worker: string
}

export interface Progressed extends Fenced {
  readonly type: 'progressed'
  readonly value: string
  /** The value, where it is a number. */
  readonly number?: number | undefined
}

/** The holder keeps how far the work is, for the attempts after it. */
export interface Checkpointed extends Fenced {
  readonly type: 'checkpointed'
  /** JSON text. */
  readonly checkpoint: string
}

export interface Completed extends Fenced, Finish {
  readonly type: 'completed'
  readonly result?: string | undefined
}

/** Failed, and will be tried again. */
export interface Retried extends Fenced {
  readonly type: 'retried'
  readonly error: Omit<Failure, 'at' | 'attempt'>
  readonly waitMs: number
  /** The hold that this attempt probed in vain. */
  readonly probed?: number | undefined
}

/** Given back: nothing charged. */
export interface Released extends Fenced {
  readonly type: 'released'
  /** `unclaimed`: its handler was never called. */
  readonly why: 'stopped' | 'snoozed' | 'unclaimed'
  readonly waitMs?: number | undefined
}

export interface Dead extends Finish {
  readonly type: 'dead'
  readonly id: string
  /** Absent for a job that nobody holds. */
  readonly epoch?: number | undefined
  readonly reason: DeadReason
  readonly error?: Omit<Failure, 'at' | 'attempt'> | undefined
  /** Whether the dead job keeps its key; absent: as its enqueue said. */
  readonly blocks?: boolean | undefined
}

export interface Cancelled {
  readonly type: 'cancelled'
  readonly id: string
  /** Absent for a job that nobody holds. */
  readonly epoch?: number | undefined
}

export interface CancelRequested {
  readonly type: 'cancel-requested'
  readonly id: string
}

/** A lost lease taken back. `crash` counts towards poison; `bye` and `interrupted` are releases. */
export interface Reclaimed extends Fenced {
  readonly type: 'reclaimed'
  readonly cause: 'crash' | 'bye' | 'interrupted'
}

export interface Redriven {
  readonly type: 'redriven'
  readonly id: string
}

export interface Removed {
  readonly type: 'removed'
  readonly ids: readonly string[]
}

/** Why a kind is held. */
export type HoldCause = 'throttled' | 'unavailable' | 'no-response' | 'unauthorized'

/** A hold opens, or (one being there) its next probe is put off. */
export interface Held {
  readonly type: 'held'
  readonly owner: string
  readonly kind: string
  readonly cause: HoldCause
  /** Until the next probe; absent: until `resume`. */
  readonly waitMs?: number | undefined
}

/** A hold ends. */
export interface Resumed {
  readonly type: 'resumed'
  readonly owner: string
  readonly kind: string
}

/** The owner's queue claims nothing, anywhere, until it is `on: false`. */
export interface Paused {
  readonly type: 'paused'
  readonly owner: string
  readonly on: boolean
}

/** Everything of one owner is erased. */
export interface Erased {
  readonly type: 'erased'
  readonly owner: string
}

/** A fact of the log. */
export type LogEvent =
  | Enqueued
  | Revised
  | Claimed
  | Renewed
  | Progressed
  | Checkpointed
  | Completed
  | Retried
  | Released
  | Dead
  | Cancelled
  | CancelRequested
  | Reclaimed
  | Redriven
  | Removed
  | Held
  | Resumed
  | Paused
  | Sending
  | Acked
  | SetAside
  | Forked
  | Erased

/** One entry, read: `at` is the writer's wall clock, a record and never an order. */
export interface LogEntry {
  readonly seq: number
  readonly writer: string
  readonly counter: number
  readonly at: number
  readonly events: readonly LogEvent[]
}

/** Takes a decision's fact into the draft; it is folded at once, so that later decisions see it. */
export type Emit = (event: LogEvent) => void

/** An instant by both of a context's clocks (milliseconds). Monotonic time says nothing outside its context. */
export interface Now {
  readonly wall: number
  readonly mono: number
}
