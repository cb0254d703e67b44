/// <reference lib="esnext.disposable" preserve="true" />
import type { WhyNot } from '../machine/why.ts'
import type { QueueEventName, QueueEvents } from './events.ts'
import type { EnqueueItem, EnqueueOptions, KindMap } from './options.ts'
import type {
  DrainOptions,
  DrainResult,
  Enqueued,
  JobFilter,
  JobPage,
  JobView,
  LeaveOptions,
  QueueInfo,
  QueueView,
  RejectedAckView,
} from './types.ts'

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
  /** For hosts: looks at the network and the log now: timers may have been frozen, and hints lost. */
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
