import type { Clock } from '../types.ts'
import type { Locks } from './types.ts'

/** How long the lock of a worker that gave up is kept for its bye to be there (milliseconds). */
const byeMs = 5_000

/** A worker's sign of life: a lock named for it, held from before its first claim. */
export interface Presence {
  /** Takes the lock of a worker. Resolves to whether it is held; the function it comes with lets it go. */
  take(worker: string): Promise<{ readonly locked: boolean; readonly release: () => void }>
  /** Watches the locks of exactly these workers. */
  watch(workers: ReadonlySet<string>): void
  /** Resolves once those whose lock is free already are `freed`. */
  settled(me: string): Promise<void>
  /** Workers whose lock was seen free: hints, since the epoch is the truth. */
  readonly freed: ReadonlySet<string>
  stop(): void
}

/** Presence by Web Locks; without them every lease goes by time. `onFreed` is called when a watched lock frees. */
export function createPresence(
  locks: Locks | undefined,
  onFreed: () => void,
  onError: (error: unknown) => void,
): Presence {
  const watched = new Map<string, AbortController>()
  const freed = new Set<string>()

  const watchOne = (worker: string): void => {
    const controller = new AbortController()
    watched.set(worker, controller)
    const free = async (): Promise<void> => {
      await locks?.request(worker, { signal: controller.signal }, () => undefined)
      freed.add(worker)
      onFreed()
    }
    free().catch((error: unknown) => {
      if (!controller.signal.aborted) onError(error)
    })
  }

  return {
    freed,
    take: (worker) => takeLock(locks, worker),
    watch(workers) {
      for (const [worker, controller] of watched) {
        if (workers.has(worker)) continue
        watched.delete(worker)
        freed.delete(worker)
        controller.abort()
      }
      if (locks === undefined) return
      for (const worker of workers) if (!watched.has(worker)) watchOne(worker)
    },
    async settled(me) {
      if (locks === undefined || watched.size === 0) return
      // Requests are granted in the order they were made: nobody else asks for this one.
      await locks.request(`${me}:settled`, {}, () => undefined).catch(onError)
    },
    stop() {
      this.watch(new Set())
    },
  }
}

function takeLock(
  locks: Locks | undefined,
  name: string,
): Promise<{ readonly locked: boolean; readonly release: () => void }> {
  const none = { locked: false, release: () => undefined }
  if (locks === undefined) return Promise.resolve(none)
  return new Promise((resolve) => {
    const held = (): Promise<void> =>
      new Promise<void>((release) => resolve({ locked: true, release: () => release() }))
    // A platform that refuses locks (an opaque origin) is one without: leases then go by time.
    locks.request(name, {}, held).catch(() => resolve(none))
  })
}

/**
 * Lets a lock go once its worker's bye is there: whoever sees it free looks for that. A store that stalls is not waited
 * for. `left` never rejects.
 */
export function releaseAfter(left: Promise<void>, release: () => void, clock: Clock): void {
  const cancel = clock.setTimer(release, byeMs)
  void left.finally(() => {
    cancel()
    release()
  })
}
