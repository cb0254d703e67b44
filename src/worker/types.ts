import type { RetryPolicy } from '../machine/backoff.ts'
import type { Deciding } from '../machine/decide.ts'
import type { Drafting, Replica } from '../replica/types.ts'
import type { Clock, JobContext, Schema } from '../types.ts'

/** Everything settled about one kind, as this context has it. */
export interface Kind {
  readonly kind: string
  /** Absent: this context enqueues the kind but does not run it. */
  readonly run?: ((payload: unknown, job: JobContext) => unknown) | undefined
  /** Asks whether the job's effect is there already; then it is not run. */
  readonly isDone?: ((payload: unknown, job: JobContext) => boolean | Promise<boolean>) | undefined
  readonly schema?: Schema | undefined
  readonly version: number
  readonly migrate?: ((payload: unknown, fromVersion: number) => unknown) | undefined
  readonly retry: RetryPolicy
  readonly timeoutMs: number
  readonly stallMs: number
  readonly maxRunning: number
  readonly needsNetwork: boolean
  readonly once: boolean
  readonly deadBlocks: boolean
}

/** Whether there is a network, as far as the platform and a probe can tell. */
export interface Connectivity {
  /** `false` only when the platform is sure that there is none. */
  online(): boolean
  /** Whether anybody answers; `undefined` when there is nobody to ask. */
  probe(): Promise<boolean | undefined>
  /** Calls back when `online()` may have changed. */
  subscribe(listener: () => void): () => void
}

/** The part of Web Locks that presence needs. */
export interface Locks {
  request(
    name: string,
    options: { readonly signal?: AbortSignal },
    callback: () => Promise<void> | undefined,
  ): Promise<unknown>
}

export interface WorkerOptions {
  readonly replica: Replica
  readonly clock: Clock
  readonly random: () => number
  /** Makes the worker's name. */
  readonly mint: () => string
  readonly owner: string
  readonly kinds: ReadonlyMap<string, Kind>
  readonly concurrency: number
  readonly leaseMs: number
  readonly maxCrashes: number
  /** Over all kinds and contexts. */
  readonly maxRunning: number
  /** The host stops this context at will: losing it is no crash. */
  readonly interruptible: boolean
  /** By worker's name, and apart from those of other queues. */
  readonly locks: Locks | undefined
  readonly connectivity: Connectivity
  /** A hidden page may be frozen any moment: it does not claim what it enqueues in the same entry. */
  readonly isHidden: () => boolean
  /** What decisions are given beside the state. */
  readonly deciding: (drafting: Drafting) => Deciding
  /** For what goes wrong and cannot reject anything. */
  readonly warn: (message: string, cause: unknown, id?: string) => void
}

/** What came of this context's attempts so far. */
export interface Tally {
  completed: number
  failed: number
  dead: number
}
