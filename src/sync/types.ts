import type { Replica } from '../replica/types.ts'
import type { Clock } from '../types.ts'
import type { SyncOptions } from './options.ts'

/** What a sender tells of beside what is in the log. */
export type SyncEvent =
  /** The server knew another log of this device: what was in that one is gone, the browser evicted it. */
  | { readonly type: 'store'; readonly state: 'lost'; readonly log: string }
  | { readonly type: 'warning'; readonly message: string; readonly cause: unknown }

export interface SenderOptions {
  readonly replica: Replica
  readonly clock: Clock
  /** A number from 0 to below 1. */
  readonly random: () => number
  /** Makes ids: of this sender, at its first use, and of an outbox after a fork. */
  readonly mint: () => string
  /** The queue's name. */
  readonly queue: string
  readonly owner: string
  readonly sync: SyncOptions
  /** `false`: the platform is sure that there is no network. */
  readonly online: () => boolean
  /** Must not throw. */
  readonly emit: (event: SyncEvent) => void
}

/** Options of {@link Sender.flush}. */
export interface FlushOptions {
  /** Ends the wait; the promise rejects with its reason. What was settled until then stays settled. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Why a flush ended. `idle`: nothing is left to send. `waiting`: the server asked for time. `refused`: no answer, or not a
 * receiver's. `unauthorized`: until `resume()`.
 */
export type FlushEnd = 'idle' | 'offline' | 'waiting' | 'refused' | 'unauthorized' | 'stopped'

export interface SyncStatus {
  /**
   * `waiting`: for others to go in the same request, for another context, or for the time the server asked for.
   * `offline`: the platform says so. `refused`: no answer the last time, or not a receiver's. `unauthorized`: until
   * `resume()`. `idle`: nothing to send.
   */
  readonly state: 'idle' | 'sending' | 'waiting' | 'offline' | 'refused' | 'unauthorized'
  /** How many acknowledgements the server has not settled. */
  readonly unsent: number
  /** What went wrong since something was last settled. */
  readonly lastError?: unknown
  /** When this context sends next, as far as is known (epoch milliseconds). */
  readonly nextAt?: number
}

/** A request for a page that is going away: what to give to `fetch`. */
export interface FinalRequest {
  readonly url: string
  readonly init: RequestInit
}

/** Sends one owner's acknowledgements, from the contexts that have started it, one context at a time. */
export interface Sender {
  /**
   * Sends everything now, whether started or not, cutting a backoff short; waits for another context that is sending.
   * Ends at the first thing that is in the way.
   *
   * @throws QueueError when the log cannot be read or written.
   */
  flush(options?: FlushOptions): Promise<FlushEnd>
  /** Sends what is there, and from now on what finishes. */
  start(): void
  /** Aborts the request under way, and lets other contexts send. Resolves when that is done. */
  stop(): Promise<void>
  /**
   * Lets other contexts send at once, as this one may be gone a moment later. What finishes later is sent again. With
   * `flush`, sends {@link final} unless another context sends; nobody waits for its answer.
   */
  leave(options?: { readonly flush?: boolean }): Promise<void>
  /** Tries at once, except where the server asked for time: the network is back, or the page is seen again. */
  wake(): void
  /** After `leave`: sends what finishes again, as planned before, and cuts no wait short. */
  rouse(): void
  /** When the next try is due (epoch milliseconds); `undefined`: there is nothing to send, or nobody to send it as. */
  nextAt(): number | undefined
  /** Somebody has signed in: sends again after a 401. */
  resume(): void
  status(): SyncStatus
  /** For `pagehide`; see {@link finalBatch}. `undefined`: there is nothing to send, or nobody to send it as. */
  final(): FinalRequest | undefined
}
