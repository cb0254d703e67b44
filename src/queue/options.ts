import type { OnDuplicate } from '../machine/enqueue.ts'
import type { JobState } from '../machine/job.ts'
import type { Retention } from '../machine/upkeep.ts'
import type { DurabilityChoice } from '../replica/types.ts'
import type { StoreFactory } from '../store/contract.ts'
import type { SyncOptions } from '../sync/options.ts'
import type { Clock, JobContext, Task, Tasks } from '../types.ts'
import type { Snooze } from '../worker/outcome.ts'
import type { Platform, platformKey } from './platform.ts'

/** Payload and result by kind. */
export type KindMap = { readonly [kind: string]: { readonly payload: unknown; readonly result: unknown } }

/** What runs a job of one kind. */
export type Handler<Payload, Result> = HandlerFunction<Payload, Result> | HandlerObject<Payload, Result>

export type HandlerFunction<Payload, Result> = (
  payload: Payload,
  job: JobContext,
) => Result | Snooze | Promise<Result | Snooze>

export interface HandlerObject<Payload, Result> {
  readonly run: HandlerFunction<Payload, Result>
  /** Asked before each run whether the job's effect is there already; if so, the job is completed without a run. */
  readonly isDone?: (payload: Payload, job: JobContext) => boolean | Promise<boolean>
}

/** Any handlers by kind. */
export type Handlers = { readonly [kind: string]: Handler<never, unknown> }

/** The kinds that tasks declare. */
export type KindsOfTasks<T extends Tasks> = {
  readonly [K in keyof T & string]: T[K] extends Task<infer Payload, infer Result, unknown>
    ? { readonly payload: Payload; readonly result: Result }
    : never
}

/** The kinds that handlers imply, where there are no tasks. */
export type KindsOfHandlers<H extends Handlers> = {
  readonly [K in keyof H & string]: { readonly payload: PayloadOf<H[K]>; readonly result: ResultOf<H[K]> }
}

type RunOf<H> = H extends { readonly run: infer Run } ? Run : H
type PayloadOf<H> =
  RunOf<H> extends () => unknown
    ? undefined
    : RunOf<H> extends (payload: infer Payload, job: JobContext) => unknown
      ? Payload
      : never
type ResultOf<H> =
  RunOf<H> extends (...given: never) => infer Returned ? Exclude<Awaited<Returned>, Snooze> : never

/** Handlers for tasks: any subset, since a context may only enqueue. */
export type HandlersOf<T extends Tasks> = {
  readonly [K in keyof T & string]?: T[K] extends Task<unknown, infer Result, infer Output>
    ? Handler<Output, unknown extends Result ? unknown : Result>
    : never
}

export interface WorkerSettings {
  /** How many jobs this context runs at once. @default 4 */
  readonly concurrency?: number
  /**
   * How long others hear nothing of this context before its jobs are taken back (milliseconds). Where there are Web Locks,
   * by which they know that it is there, it is five minutes instead; once its lock is free it is at once.
   *
   * @default 180_000 in pages, else 30_000
   */
  readonly leaseMs?: number
  /** How many milliseconds of waiting one step of priority is worth. @default 60_000 */
  readonly boostMs?: number
  /** A job whose holders vanished more often is poison. @default 5 */
  readonly maxCrashes?: number
  /**
   * The host stops this context at will: losing it is no crash.
   *
   * @default true in service workers and Durable Objects, else false
   */
  readonly interruptible?: boolean
}

export interface Limits {
  /** How many pending jobs an owner may have. @default Infinity */
  readonly maxPending?: number
  /** What becomes of an enqueue past `maxPending`. @default 'reject' */
  readonly overflow?: 'reject' | 'drop-oldest'
  /** How many jobs run at once, over all kinds and contexts. @default Infinity */
  readonly maxRunning?: number
  /**
   * From which share of the origin's quota on a `warning` tells that room runs out: once each time it is reached. Looked
   * at by each `info()`; page hosts ask for that after enqueues.
   *
   * @default 0.9
   */
  readonly warnAtShare?: number
  /**
   * How large a payload may be (bytes): as JSON in UTF-8 where it is plain JSON, else text in UTF-8 and binary data
   * exactly, and an estimate of whatever holds them.
   *
   * @default Infinity
   */
  readonly maxPayloadBytes?: number
}

export interface RetentionSettings {
  /** How long completed and cancelled jobs are kept (milliseconds). @default 3_600_000 */
  readonly finishedMs?: number
  /** How many completed and cancelled jobs are kept. @default 1_000 */
  readonly finishedCount?: number
  /** Dead letters: forever by default. A `warning` names each one before it goes. */
  readonly dead?: { readonly maxBytes?: number; readonly maxAgeMs?: number }
}

/** What every queue can be told. */
export interface CommonOptions {
  /** Names the queue in its store: queues of one name and store share their jobs. */
  readonly name: string
  /** Where jobs are kept. @default indexedDbStore() */
  readonly store?: StoreFactory
  /** What to do where the store cannot be opened; without it calls reject with `store-unavailable`. */
  readonly fallback?: 'memory'
  /**
   * Whose jobs these are: owners of one queue never see, run or acknowledge each other's. `maxRunning` alone counts all.
   *
   * @default ''
   */
  readonly owner?: string
  /**
   * `auto`: strict for entries with an enqueue, a `job.checkpoint`, a finish, a claim of what may run only once, or an
   * operator's doing, else relaxed.
   *
   * @default 'auto'
   */
  readonly durability?: DurabilityChoice
  /** Acknowledges finished jobs to the application's server. */
  readonly sync?: SyncOptions
  readonly connectivity?: {
    /**
     * A URL, asked by `HEAD`, or a function that tells whether the network can be reached; its signal aborts after 10 s.
     *
     * @default sync.url
     */
    readonly probe?: string | ((signal: AbortSignal) => boolean | Promise<boolean>)
  }
  readonly worker?: WorkerSettings
  readonly limits?: Limits
  readonly retention?: RetentionSettings
  /** @default the platform's */
  readonly clock?: Clock
  /** A number from 0 to below 1. @default Math.random */
  readonly random?: () => number
  /** @internal */
  readonly [platformKey]?: Platform
}

/** Options of one enqueue. */
export interface EnqueueOptions {
  /** Jobs of one key run one at a time, in the order of enqueueing, across kinds. */
  readonly key?: string
  /** Unique per kind: what becomes of a second job is up to `onDuplicate`. */
  readonly dedupeKey?: string
  /** In which states of an earlier job the dedupe key is taken. @default ['pending', 'running'] */
  readonly while?: readonly JobState[]
  /** The dedupe key is taken for so long from the enqueue, whatever becomes of the job. Excludes `while`. */
  readonly dedupeMs?: number
  /** @default 'keep' */
  readonly onDuplicate?: OnDuplicate
  /** How long, from its first enqueue, a debounced job may be put off. @default Infinity */
  readonly debounceMaxMs?: number
  /** Higher runs earlier; each step is worth `worker.boostMs` of waiting. @default 0 */
  readonly priority?: number
  /** Excludes `availableAt`. */
  readonly delayMs?: number
  /** Epoch milliseconds. */
  readonly availableAt?: number
  /** If it waits, or waits again, when so much time has passed since the enqueue, it is dead: `expired`. */
  readonly expiresInMs?: number
}

/** One job of `enqueueAll`. */
export type EnqueueItem<Kinds extends KindMap> = {
  readonly [K in keyof Kinds & string]: {
    readonly kind: K
    readonly payload: Kinds[K]['payload']
  } & EnqueueOptions
}[keyof Kinds & string]

/** How finished jobs and dead letters are kept, complete. */
export function retentionOf({ finishedMs, finishedCount, dead = {} }: RetentionSettings = {}): Retention {
  return {
    finishedMs: finishedMs ?? 3_600_000,
    finishedCount: finishedCount ?? 1_000,
    deadBytes: dead.maxBytes ?? Number.POSITIVE_INFINITY,
    deadMs: dead.maxAgeMs ?? Number.POSITIVE_INFINITY,
  }
}
