import type { DeadReason, Failure } from '../machine/job.ts'
import type { HoldCause } from '../machine/events.ts'
import type { Json } from '../types.ts'

interface About {
  readonly id: string
  readonly kind: string
}

/**
 * Everything a queue tells, in every context that has it open, whoever did it; `store`, `warning`, `idle` and `due` are
 * each context's own. What has no event (jobs that are replaced, debounced, edited, redriven or removed, or that retention
 * removes, their checkpoints, requested cancellations, pauses) a `view` and `info` show.
 *
 * | event | when |
 * |---|---|
 * | `enqueued` | a job was taken in |
 * | `started` | a job was claimed |
 * | `progress` | its handler told how far it is |
 * | `completed` | its handler returned |
 * | `retrying` | it failed, and will be tried again |
 * | `dead` | it went to the dead letters |
 * | `cancelled` | it was cancelled |
 * | `released` | its holder gave it back, or snoozed |
 * | `reclaimed` | its holder was lost |
 * | `starved` | it was given back four times without getting on |
 * | `held` / `resumed` | its kind waits for the outside world / goes on |
 * | `acked` / `ack-rejected` | the server acknowledged its finish / refused to |
 * | `idle` | nothing of this owner is due or running any more |
 * | `due` | for hosts: when something can happen here next, told anew after everything that may change it |
 * | `store` | the store stalls, fails, recovers, was lost or replaced |
 * | `warning` | something went wrong that could reject nothing |
 */
export interface QueueEvents {
  readonly enqueued: About & { readonly key: string | undefined }
  readonly started: About & { readonly attempt: number; readonly epoch: number; readonly worker: string }
  readonly progress: About & { readonly value: Json }
  readonly completed: About & { readonly attempt: number; readonly result: Json | undefined }
  readonly retrying: About & {
    readonly failure: Failure | undefined
    readonly errors: number
    readonly availableAt: number
  }
  readonly dead: About & { readonly reason: DeadReason; readonly failure: Failure | undefined }
  readonly cancelled: About
  readonly released: About & {
    readonly why: 'stopped' | 'snoozed' | 'unclaimed'
    readonly availableAt: number
  }
  readonly reclaimed: About & { readonly cause: 'crash' | 'bye' | 'interrupted' }
  readonly starved: About & { readonly times: number }
  readonly held: { readonly kind: string; readonly cause: HoldCause; readonly probeAt: number | undefined }
  readonly resumed: { readonly kind: string }
  readonly acked: { readonly id: string; readonly sequence: number }
  readonly 'ack-rejected': {
    readonly id: string
    readonly sequence: number
    readonly code: string
    readonly message: string
  }
  readonly idle: { readonly at: number }
  /** Epoch milliseconds: now, or past, where something only waits for a drain; `undefined`: never, by time alone. */
  readonly due: {
    readonly at: number | undefined
    /** Whether this context runs something, or is about to: lost with it, that waits for another to come. */
    readonly busy: boolean
  }
  readonly store: {
    readonly state: StoreState | 'lost'
    readonly error?: unknown
    /** With `lost`: the id of the log that is gone, where the server told; absent where the browser did. */
    readonly log?: string
  }
  readonly warning: { readonly message: string; readonly cause: unknown; readonly id: string | undefined }
}

/** How the store is; see the `store` event. */
export type StoreState =
  | 'opened'
  | 'stalled'
  | 'recovered'
  | 'reloaded'
  | 'replaced'
  | 'quota'
  | 'failing'
  | 'down'
  | 'closed'

export type QueueEventName = keyof QueueEvents

/** One event with its name, as the queue hands it to its listeners. */
export type NamedEvent = {
  readonly [Name in QueueEventName]: readonly [Name, QueueEvents[Name]]
}[QueueEventName]

/** All names, as an object so that none can be forgotten. */
export const eventNames: Readonly<Record<QueueEventName, true>> = {
  enqueued: true,
  started: true,
  progress: true,
  completed: true,
  retrying: true,
  dead: true,
  cancelled: true,
  released: true,
  reclaimed: true,
  starved: true,
  held: true,
  resumed: true,
  acked: true,
  'ack-rejected': true,
  idle: true,
  due: true,
  store: true,
  warning: true,
}
