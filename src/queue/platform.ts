import type { Replica } from '../replica/types.ts'
import type { Locks, WorkerOptions } from '../worker/types.ts'

/** What a queue takes from the place it runs in. The simulator brings its own; applications have no use for it. */
export interface Platform {
  readonly locks: Locks | undefined
  readonly mint: () => string
  readonly isHidden: () => boolean
  /** How long the log's tail has to be for a checkpoint to be due: in events, each entry as four more. @default 1_000 */
  readonly checkpointEvents?: number | undefined
  /**
   * Called once the queue is wired: with the replica, for whoever checks its state against the log, and with what its
   * worker is made of, for whoever runs jobs as it does.
   */
  readonly observe?: (replica: Replica, worker: WorkerOptions) => void
}

/** The option that brings a {@link Platform}; no string names it, so no application depends on it. */
export const platformKey: unique symbol = Symbol('holdfast.platform')
