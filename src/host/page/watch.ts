import { isQueueError } from '../../errors.ts'
import type { Owed } from '../../queue/types.ts'
import type { AttachOptions, HostedQueue } from './types.ts'

/** How long a page goes without looking again, whatever happens (milliseconds). */
const pauseMs = 1_000

/** What was seen of a queue. */
export interface Seen {
  readonly owed: Owed
  /** Whether this page runs jobs. */
  readonly isStarted: boolean
}

/** Looks at the queue whenever it changes, once a second at the most. */
export interface Watch {
  /** Looks soon. `isFresh` is handed on: there is something new. */
  look(isFresh: boolean): void
  /** Whether there may be something worth waking somebody for, as far as is known at this very moment. */
  readonly mayOwe: boolean
  /** Looks at nothing while the page is away. */
  pause(): void
  resume(): void
  /** Ends for good. */
  stop(): void
}

export interface WatchOptions {
  readonly queue: HostedQueue
  readonly clock: NonNullable<AttachOptions['clock']>
  readonly onError: (error: unknown) => void
  readonly onSeen: (seen: Seen, isFresh: boolean) => void
  /** The queue is closed. */
  readonly onClosed: () => void
}

export function watchQueue({ queue, clock, onError, onSeen, onClosed }: WatchOptions): Watch {
  let isFresh = false
  let mayOwe = false
  let isPaused = false
  let isOver = false
  let lookedAt = Number.NEGATIVE_INFINITY
  let cancel: (() => void) | undefined
  /** Kinds that are held, and probed: whoever probes them goes on by itself. */
  const probed = new Set<string>()

  const see = async (): Promise<void> => {
    cancel = undefined
    lookedAt = clock.now()
    const wasFresh = isFresh
    isFresh = false
    const { owed, worker } = await queue.info().catch((error: unknown) => {
      isFresh ||= wasFresh
      throw error
    })
    mayOwe = owed.here || owed.elsewhere || isFresh
    if (!isPaused && !isOver) onSeen({ owed, isStarted: worker.started }, wasFresh)
  }
  const plan = (): void => {
    if (isPaused || isOver || cancel !== undefined) return
    const waitMs = Math.max(0, lookedAt + pauseMs - clock.now())
    cancel = clock.setTimer(
      () => {
        see().catch((error: unknown) => {
          if (!isQueueError(error, 'closed')) onError(error)
        })
      },
      Math.min(waitMs, pauseMs),
    )
  }
  const look = (fresh: boolean): void => {
    isFresh ||= fresh
    plan()
  }
  const off = [
    queue.on('enqueued', () => {
      mayOwe = true
      look(true)
    }),
    queue.on('due', () => look(false)),
    queue.on('held', ({ kind, probeAt }) => {
      if (probeAt === undefined) probed.delete(kind)
      else probed.add(kind)
    }),
    // What waited for somebody to sign in need not wait for the next time to ask.
    queue.on('resumed', ({ kind }) => look(!probed.delete(kind))),
    queue.on('store', ({ state }) => {
      if (state === 'closed') onClosed()
    }),
  ]
  const rest = (): void => {
    cancel?.()
    cancel = undefined
  }
  return {
    look,
    get mayOwe() {
      return mayOwe
    },
    pause() {
      isPaused = true
      rest()
    },
    resume() {
      isPaused = false
    },
    stop() {
      isOver = true
      rest()
      for (const end of off) end()
    },
  }
}
