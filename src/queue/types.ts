import type { HoldCause } from '../machine/events.ts'
import type { EnqueueOutcome } from '../machine/enqueue.ts'
import type { AckState, DeadReason, Failure, JobState } from '../machine/job.ts'
import type { SyncStatus } from '../sync/types.ts'
import type { Json } from '../types.ts'
import type { StoreState } from './events.ts'

/** A job as it is shown: what the log says of it, its payload aside. */
export interface JobView {
  readonly id: string
  readonly kind: string
  /** `pending` is also scheduled or backing off while `availableAt` lies ahead. */
  readonly state: JobState
  readonly key: string | undefined
  readonly dedupeKey: string | undefined
  readonly priority: number
  readonly enqueuedAt: number
  /** When it may run next (epoch milliseconds). */
  readonly availableAt: number
  readonly startedAt: number | undefined
  readonly finishedAt: number | undefined
  readonly expiresAt: number | undefined
  /** Claims so far. */
  readonly attempt: number
  readonly epoch: number
  /** Failures that count against `maxAttempts`. */
  readonly errors: number
  /** Holders that vanished since it last got on. */
  readonly crashes: number
  /** Times it was given back. */
  readonly releases: number
  /** The last progress value of the current, or last, attempt. */
  readonly progress: Json | undefined
  /** What its handler kept last with `job.checkpoint`, for the attempts to come. */
  readonly checkpoint: Json | undefined
  /** Each attempt's failure, the newest last. */
  readonly failures: readonly Failure[]
  /** Why it is dead. */
  readonly reason: DeadReason | undefined
  readonly result: Json | undefined
  readonly ack: AckState
  /** Who runs it. */
  readonly worker: string | undefined
  readonly cancelRequested: boolean
  /** Bytes of a payload kept beside the log; 0 when it is small, or gone. */
  readonly payloadBytes: number
  /** Grows with every replaced or edited payload. */
  readonly revision: number
}

/** What became of an enqueue. */
export interface Enqueued {
  /** The job that carries the work. */
  readonly id: string
  readonly outcome: EnqueueOutcome
  /** Whether the store outlives the process. */
  readonly durable: boolean
}

type ListedState = JobState | 'scheduled' | 'in-line'

export interface JobFilter {
  /**
   * One state, or several; absent: all. `scheduled`: pending, and not due yet. `in-line`: what would keep others of its
   * key, or followers of its dedupe key, waiting: pending, running, or dead where it blocks its key.
   */
  readonly state?: ListedState | readonly ListedState[]
  readonly kind?: string
  readonly key?: string
  /**
   * The most jobs to give, the oldest of them: `Infinity` for all.
   *
   * @default 100
   */
  readonly limit?: number
}

export interface JobPage {
  readonly jobs: readonly JobView[]
  /** For `after`, while there is more. */
  readonly next: string | undefined
}

/** A live list for a user interface: `useSyncExternalStore` and its likes take it as it is. */
export interface QueueView {
  /** Calls back after each change. Returns what ends it. */
  subscribe(listener: () => void): () => void
  /** The jobs in enqueue order; the same array until something changed. Empty until the store is read. */
  getSnapshot(): readonly JobView[]
}

export interface DrainOptions {
  readonly signal?: AbortSignal
  /**
   * Ends after so many milliseconds; what runs then is given back, unless `start()` or another drain goes on.
   *
   * @default Infinity
   */
  readonly deadlineMs?: number
}

export interface DrainResult {
  readonly completed: number
  /** Attempts that failed. */
  readonly failed: number
  readonly dead: number
  /** Jobs that are not finished. */
  readonly remaining: number
  /** When the next of them may run (epoch milliseconds), if time alone will tell. */
  readonly nextAt: number | undefined
  /**
   * When to drain again at the latest (epoch milliseconds; now or past: at once): for the next job, a probe, an expiry,
   * jobs of a lost holder, or another try to send acknowledgements. `undefined`: not by time alone.
   */
  readonly wakeAt: number | undefined
  readonly stopped: 'idle' | 'deadline' | 'offline' | 'held'
}

/** What a host has its context woken for; see {@link QueueInfo}. */
export interface Owed {
  /** Jobs of kinds that have a handler in this context, or acknowledgements that the server has not settled. */
  readonly here: boolean
  /** Jobs of kinds that other contexts have to run. */
  readonly elsewhere: boolean
}

/** Options of {@link Queue.leave}. */
export interface LeaveOptions {
  /**
   * Also sends acknowledgements that are unsent, as many as one `keepalive` request holds (64 KiB), unless another
   * context is sending. Nobody waits for the answer. They go with the headers of the last request: none where `headers`
   * is a function that was not called yet, nor after a 401.
   *
   * @default false
   */
  readonly flush?: boolean
}

export interface QueueInfo {
  readonly name: string
  readonly owner: string
  readonly counts: Readonly<Record<JobState | 'scheduled', number>>
  readonly kinds: Readonly<Record<string, Readonly<Record<JobState | 'scheduled', number>>>>
  /** How long the oldest job that is due, or backs off after a failure, has waited (milliseconds); `null`: there is none. */
  readonly oldestPendingAgeMs: number | null
  readonly paused: boolean
  readonly holds: readonly HoldView[]
  /**
   * For hosts: whether there is something worth coming back for. Jobs that run, are due, held or back off after a
   * failure count, and so do unsent acknowledgements; jobs that are only delayed, snoozed or paused do not.
   */
  readonly owed: Owed
  readonly worker: {
    readonly name: string | undefined
    readonly started: boolean
    readonly concurrency: number
    /** Attempts under way in this context. */
    readonly running: number
    /** Handlers that were told to stop and have not: each keeps its slot. */
    readonly stuck: number
  }
  readonly store: {
    readonly identity: string
    readonly durable: boolean
    readonly state: StoreState
    /** Bytes used and granted, where the platform tells. */
    readonly usage: number | undefined
    readonly quota: number | undefined
  }
  /** `undefined` when nothing is acknowledged to a server. */
  readonly sync: SyncStatus | undefined
}

export interface HoldView {
  readonly kind: string
  readonly cause: HoldCause
  readonly openedAt: number
  /** `undefined`: until `resume(kind)`. */
  readonly probeAt: number | undefined
  /** Probes that failed. */
  readonly tries: number
}

/** An acknowledgement the server refused. */
export interface RejectedAckView {
  readonly id: string
  readonly kind: string
  readonly sequence: number
  readonly type: 'completed' | 'dead'
  readonly finishedAt: number
  readonly code: string
  readonly message: string
}
