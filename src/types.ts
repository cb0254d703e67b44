import type { RetryPolicy } from './machine/backoff.ts'

/** A context's clocks and timers. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Milliseconds since some instant in this context; never goes back. */
  monotonic(): number
  /** Calls back after `ms` (any number; longer than a platform's timers allow, too). Returns what cancels it. */
  setTimer(callback: () => void, ms: number): () => void
}

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/**
 * A [Standard Schema](https://standardschema.dev), as Valibot, Zod, ArkType and others bring it. Declared here so that
 * the types need no package.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What is settled about a kind of job, wherever it is enqueued and wherever it runs. */
export interface TaskOptions<Input = unknown, Output = Input> {
  /**
   * Validates payloads: at `enqueue` (what is stored is the input), and once more at each attempt, where the handler
   * gets the output.
   */
  readonly input?: Schema<Input, Output>
  /** The payload's version: raise it when its shape changes, and bring `migrate`. @default 1 */
  readonly version?: number
  /** Makes a payload of an older version into one of this version. What it throws sends the job to the dead letters. */
  readonly migrate?: (payload: unknown, fromVersion: number) => unknown
  readonly retry?: Partial<RetryPolicy>
  /** Aborts an attempt this many milliseconds after its payload was read; counts as an error. @default Infinity */
  readonly timeoutMs?: number
  /** Aborts an attempt that neither settled nor called `progress` or `checkpoint` for so long. @default 900_000 (15 minutes) */
  readonly stallMs?: number
  /** How many of this kind run at once, over all contexts that share the queue. @default Infinity */
  readonly maxRunning?: number
  /** Not claimed while the platform says that there is no network. @default true */
  readonly needsNetwork?: boolean
  /**
   * `at-least-once`: run again after any loss. `at-most-once`: started once at the most; a failure, release or loss
   * after that sends it to the dead letters as `maybe-ran`.
   *
   * @default 'at-least-once'
   */
  readonly delivery?: 'at-least-once' | 'at-most-once'
  /** Whether a dead job lets those behind it in its `key` go on, or blocks them until it is redriven or removed. @default 'free' */
  readonly deadHead?: 'free' | 'block'
}

/** A task: options, and in its types the payload and the result. */
export interface Task<Payload = unknown, Result = unknown, Output = Payload> {
  readonly options: TaskOptions<Payload, Output>
  /** Only in the types: `[payload given, result, payload handled]`. */
  readonly '~types'?: readonly [Payload, Result, Output]
}

/** Tasks by kind, as `defineTasks` returns them. */
export type Tasks = { readonly [kind: string]: Task }

/** What a handler knows of its job beside the payload. */
export interface JobContext {
  readonly id: string
  readonly kind: string
  /** 1 for the first claim; counts every claim, also those after a release. */
  readonly attempt: number
  /** Grows with every claim: a server that remembers the highest can refuse a zombie's writes. */
  readonly epoch: number
  readonly key: string | undefined
  /** The same at every attempt with the same payload. */
  readonly idempotencyKey: string
  /** Epoch milliseconds. */
  readonly enqueuedAt: number
  /** Aborts on stop, time-out, cancellation and a lost lease; the reason is a `QueueError`. */
  readonly signal: AbortSignal
  /**
   * Tells how far the job is; any JSON value. Restarts `stallMs`. A number above every earlier attempt's shows that
   * the job gets on, and resets its count of crashes. Kept in the log several times a second at the most.
   */
  progress(value: Json): void
  /**
   * What {@link checkpoint} kept last, in this attempt or an earlier one; `undefined` before the first. It is kept
   * over retries, releases, snoozes, lost holders and a `redrive`; another payload (`edit`, `onDuplicate`) and the
   * completion drop it. An older build of the handler may have kept it.
   */
  readonly checkpointed: Json | undefined
  /**
   * Keeps how far the work is: any JSON value of up to 16,384 characters, in the place of the one before. Resolves
   * once it is on the disk, and every later attempt begins with it or a later one. Restarts `stallMs`. It resets no
   * count of crashes: a growing number told by {@link progress} does.
   *
   * @throws TypeError when the value is not JSON.
   * @throws RangeError when it is too long.
   * @throws QueueError `lease-lost` or `stopped` when the job is not this attempt's any more; or what the store says:
   * `quota-exceeded`, `store-failed`, `outcome-unknown`, `closed` and so on. The checkpoint before it then stands.
   */
  checkpoint(state: Json): Promise<void>
}
