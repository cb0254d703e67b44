/// <reference lib="esnext.disposable" preserve="true" />
import type { HoldCause } from '../machine/events.ts'
import type { EnqueueOutcome } from '../machine/enqueue.ts'
import type { AckState, DeadReason, Failure, JobState } from '../machine/job.ts'
import type { WhyNot } from '../machine/query.ts'
import type { SyncStatus } from '../sync/types.ts'
import type { Json } from '../types.ts'
import type { QueueEventName, QueueEvents, StoreState } from './events.ts'
import type { EnqueueItem, EnqueueOptions, KindMap } from './options.ts'

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

/** The platform's type of that name, where it has one: not all that compile this have IndexedDB. */
type Platform<Name extends string> = typeof globalThis extends {
  readonly [Each in Name]: { readonly prototype: infer Type }
}
  ? Type
  : unknown

/** What work has at hand in the transaction of `transact`. */
export interface Transaction<Kinds extends KindMap = KindMap> {
  /** The engine's own: raw, for wrappers. The queue commits it, or aborts it when the work throws. */
  readonly transaction: Platform<'IDBTransaction'>
  /** One of the application's object stores, raw. */
  store(name: string): Platform<'IDBObjectStore'>
  /**
   * Takes a job in, once the work is done; the payload is cloned at once.
   *
   * @returns the id of the job, unless its dedupe key is taken: then `enqueued` tells which job carries the work.
   * @throws what `enqueue` rejects with before it asks the store; a schema, the backlog's limit and a full origin are
   * asked later, and then `transact` rejects.
   */
  enqueue<K extends keyof Kinds & string>(kind: K, ...given: PayloadArguments<Kinds[K]['payload']>): string
}

/** What `transact` committed. */
export interface Transacted<T> {
  /** What the work returned. */
  readonly result: T
  /** What became of each `enqueue`, in their order. */
  readonly enqueued: readonly Enqueued[]
}

export interface JobFilter {
  /** `scheduled`: pending, and not due yet. */
  readonly state?: JobState | 'scheduled'
  readonly kind?: string
  readonly key?: string
  /** @default 100 */
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
   * context is sending. Nobody waits for the answer.
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

type PayloadArguments<Payload> = undefined extends Payload
  ? [payload?: Payload, options?: EnqueueOptions]
  : [payload: Payload, options?: EnqueueOptions]

/** A queue, as one context has it open. Every call waits for the store by itself. */
export interface Queue<Kinds extends KindMap = KindMap> {
  readonly name: string
  readonly owner: string

  /**
   * Takes a job in. Resolves when it is committed.
   *
   * @throws TypeError for an unknown kind; RangeError or TypeError for options that make no sense; QueueError
   * `payload-invalid`, `payload-not-storable`, `payload-too-large`, `backlog-full`, `quota-exceeded`,
   * `store-unavailable`, `outcome-unknown`, `version-ahead` or `closed`.
   */
  enqueue<K extends keyof Kinds & string>(
    kind: K,
    ...given: PayloadArguments<Kinds[K]['payload']>
  ): Promise<Enqueued>
  /** Takes jobs in, all or none. */
  enqueueAll(items: readonly EnqueueItem<Kinds>[]): Promise<Enqueued[]>
  /**
   * Runs `work` in one transaction over the application's own object stores and the queue's, and commits the
   * application's rows and the jobs together, or neither. Needs `indexedDbStore({ db })`.
   *
   * `work` is called once, and may wait for nothing but requests of its transaction: for anything else it may for 5
   * seconds, while every context waits for the queue. What it throws undoes everything.
   *
   * @throws what `work` throws; TypeError where the store holds no data of the application's, or not these object
   * stores; QueueError as `enqueue`, and `timeout` when `work` waits for something else.
   */
  transact<T>(
    storeNames: readonly string[],
    work: (tx: Transaction<Kinds>) => T | Promise<T>,
  ): Promise<Transacted<T>>

  /** Begins to run jobs here. Resolves once the first claim was decided. */
  start(): Promise<void>
  /**
   * Claims nothing more here, drains included; what still runs after `graceMs` is aborted and given back.
   *
   * @default graceMs 5_000
   */
  stop(options?: { readonly graceMs?: number }): Promise<void>
  /** Runs until nothing is due here, and sends acknowledgements. Never waits out a backoff. */
  drain(options?: DrainOptions): Promise<DrainResult>
  /** Stops all claiming for this owner, in every context, until `resume()`. Survives reloads. */
  pause(): Promise<void>
  /** Ends a pause and all holds; with a kind, that kind's hold. Acknowledgements held by a 401 go on, too. */
  resume(kind?: keyof Kinds & string): Promise<void>
  /** For hosts: looks at the log and the network now, since timers may have been frozen. */
  wake(): void
  /**
   * For hosts: gives everything up at once, as the page may be gone a moment later. `start()` begins anew, `rejoin()`
   * if it had been started.
   */
  leave(options?: LeaveOptions): Promise<void>
  /** For hosts: after a `leave()`, starts again if it had been started, and sends acknowledgements. */
  rejoin(): Promise<void>

  get(id: string): Promise<JobView | undefined>
  /**
   * The payload as it was given; `undefined` once a completed job has freed a large one.
   *
   * @throws QueueError `not-found`
   */
  payload(id: string): Promise<unknown>
  list(filter?: JobFilter & { readonly after?: string }): Promise<JobPage>
  deadLetters(filter?: JobFilter & { readonly after?: string }): Promise<JobPage>
  view(filter?: JobFilter): QueueView
  info(): Promise<QueueInfo>
  /** Why a job does not run. @throws QueueError `not-found` */
  why(id: string): Promise<WhyNot>
  /** Waits for a job to finish. @throws QueueError `job-dead`, `job-cancelled`, `not-found`; or the signal's reason */
  result<K extends keyof Kinds & string = keyof Kinds & string>(
    id: string,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Kinds[K]['result']>

  /** Cancels a waiting job; asks the handler of a running one to stop. @throws QueueError `not-found`, `wrong-state` */
  cancel(id: string): Promise<'cancelled' | 'requested'>
  /** Sends dead (or cancelled) jobs back to the tail of their line. Resolves to how many. */
  redrive(which: string | JobFilter): Promise<number>
  /** Gives a job that nobody runs another payload. @throws QueueError `not-found`, `wrong-state`, as `enqueue` */
  edit(id: string, payload: unknown): Promise<void>
  /** Removes a job that nobody runs. Its queued acknowledgement stays. @throws QueueError `not-found`, `wrong-state` */
  remove(id: string): Promise<void>

  /** Sends acknowledgements now. Resolves when none is left, or sending has to wait. */
  flush(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** The newest thousand that the server refused. */
  rejectedAcks(): Promise<readonly RejectedAckView[]>

  on<Name extends QueueEventName>(event: Name, listener: (event: QueueEvents[Name]) => void): () => void
  /** Stops, with no grace, and closes the store's handle. */
  close(): Promise<void>
  /**
   * Erases the owner's part, and with the default owner the whole queue; then closes. Between the check and the end of
   * the store itself there is a moment in which another context may still enqueue into the whole queue: that job goes
   * with it, so close it elsewhere first.
   *
   * @throws QueueError `unsent` while jobs are unfinished or acknowledgements unsent, unless `force`: the queue then
   * goes on. `store-failed` when the store itself could not be erased: its jobs are (not, if forced), and the queue is
   * closed.
   */
  destroy(options?: { readonly force?: boolean }): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
