import type { Queue } from '../../queue/face.ts'
import type { DrainResult } from '../../queue/types.ts'
import type { Clock } from '../../types.ts'
import type { SyncManagerLike, WakeUp } from '../background-sync.ts'

/** What a host uses of a queue: any queue fits. */
export type HostedQueue = Pick<Queue, 'name' | 'owner' | 'on' | 'drain' | 'info' | 'leave'>

/** Options of {@link attach}. */
export interface AttachOptions {
  /** The tag of the syncs that are this queue's. @default the queue's name */
  readonly tag?: string
  /**
   * How long one event stays with the work (milliseconds); what still runs then is given back, without a charge.
   * Chromium ends a sync after three minutes.
   *
   * @default 150_000
   */
  readonly deadlineMs?: number
  /**
   * Whether the worker's `fetch` events wake the queue: they are neither answered nor held up. In a worker that has no
   * such listener otherwise, this one makes the browser start the worker before each request.
   *
   * @default true
   */
  readonly wakeOnFetch?: boolean
  /**
   * Told of what went wrong and could reject nothing: a drain that failed, and is tried again.
   *
   * @default reportError, where the platform has it
   */
  readonly onError?: (error: unknown) => void
  /** @default the platform's */
  readonly clock?: Pick<Clock, 'now' | 'setTimer'>
  /** The worker itself. @default globalThis */
  readonly scope?: WorkerScope
}

/** What is used of a `ServiceWorkerGlobalScope`. */
export interface WorkerScope {
  addEventListener(type: WorkerEventName, listener: (event: WorkerEvent) => void): void
  removeEventListener(type: WorkerEventName, listener: (event: WorkerEvent) => void): void
  readonly registration: { readonly sync?: SyncManagerLike }
}

export type WorkerEventName = 'sync' | 'periodicsync' | 'fetch' | 'message' | 'activate'

/** What is used of any of the worker's events. */
export interface WorkerEvent {
  waitUntil(promise: Promise<unknown>): void
  /** Of a sync. */
  readonly tag?: string
  /** Of a sync: whether the browser does not try again. */
  readonly lastChance?: boolean
  /** Of a message. */
  readonly data?: unknown
  readonly ports?: readonly Pick<MessagePort, 'postMessage'>[]
}

/** Wakes a queue in a service worker. */
export interface WorkerHost {
  /** What came of registering a sync from here. */
  readonly sync: WakeUp
  /**
   * Drains the queue, within the deadline; for events that the host does not listen to: `event.waitUntil(host.drain())`.
   * Joins a drain that is under way. Registers a sync for what is left, should the browser not repeat the event.
   *
   * @throws what the queue's `drain` throws.
   */
  drain(): Promise<DrainResult>
  /** Listens no more. */
  detach(): void
}
