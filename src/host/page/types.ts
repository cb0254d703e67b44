import type { Queue } from '../../queue/face.ts'
import type { DrainResult } from '../../queue/types.ts'
import type { Clock } from '../../types.ts'
import type { WorkerLike } from '../ask.ts'
import type { SyncManagerLike, WakeUp } from '../background-sync.ts'

/** What a host uses of a queue: any queue fits. */
export type HostedQueue = Pick<Queue, 'name' | 'owner' | 'on' | 'info' | 'wake' | 'leave' | 'rejoin'>

interface Listenable {
  addEventListener?(type: string, listener: () => void, options: { readonly signal: AbortSignal }): void
}

/** What is used of a `ServiceWorkerRegistration`: any fits. */
export interface RegistrationLike extends Listenable {
  readonly active: WorkerLike | null
  /** Workers on their way to be active, as on a first visit. */
  readonly installing?: Listenable | null
  readonly waiting?: Listenable | null
  readonly sync?: SyncManagerLike
  readonly periodicSync?: {
    register(tag: string, options: { readonly minInterval: number }): Promise<void>
  }
}

/** Options of {@link attach}. */
export interface AttachOptions {
  /**
   * The service worker that runs this queue, too: `navigator.serviceWorker.register(…)` or `.ready`, awaited or not. It
   * is woken, once it is active, when there is work that this page does not do, and by the syncs that are registered for all. One that rejects is none, and `onError`
   * is told why.
   *
   * @default none: the page is alone
   */
  readonly registration?: RegistrationLike | undefined | Promise<RegistrationLike | undefined>
  /** The tag that the worker's host listens to. @default the queue's name */
  readonly tag?: string
  /**
   * Also has the browser wake the worker now and then, no more often than this (milliseconds). Granted to installed
   * applications alone, and in Chromium.
   *
   * @default never
   */
  readonly periodicMs?: number
  /**
   * Told of what went wrong and could reject nothing: the queue could not be read or started again, `registration` rejected.
   *
   * @default reportError, where the platform has it
   */
  readonly onError?: (error: unknown) => void
  /** @default the platform's */
  readonly clock?: Pick<Clock, 'now' | 'setTimer'>
  /** The page itself. @default globalThis */
  readonly scope?: PageScope
}

/** What is used of a `Window`. */
export interface PageScope {
  addEventListener(type: string, listener: () => void, capture?: boolean): void
  removeEventListener(type: string, listener: () => void, capture?: boolean): void
  readonly document: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & {
    readonly visibilityState: string
  }
  readonly navigator: {
    readonly onLine?: boolean
    readonly storage?: { persist?(): Promise<boolean> } | undefined
  }
}

/** Wakes a queue in a page, and lets go of it when the page goes. */
export interface PageHost {
  /** What came of asking the browser to wake the service worker. */
  readonly sync: WakeUp
  /** The same, of `periodicMs`. */
  readonly periodicSync: WakeUp
  /**
   * Has the service worker drain the queue now. Resolves to what it did; `undefined` where nobody answers: there is no
   * worker, or it has no host for this queue and owner, or it was stopped; or `detach` was called.
   *
   * @throws Error when the drain failed there.
   */
  drain(): Promise<DrainResult | undefined>
  /**
   * Asks the browser not to evict this origin’s storage when room is scarce. Some ask the person, so call it when they
   * would see why. Resolves to whether it is granted; `false` where there is nobody to ask.
   */
  persist(): Promise<boolean>
  /** Listens no more. The queue goes on as it is. */
  detach(): void
}
