import type { DrainResult } from '../queue/types.ts'
import type { Clock } from '../types.ts'

/** Asks a service worker to drain a queue now; sent with the port that it is to answer on, if any. */
interface Ask {
  readonly type: 'holdfast:drain'
  readonly queue: string
  readonly owner: string
}

/** `draining` at once, so that whoever asked knows that somebody is there; then how it ended. */
export type Answer =
  | { readonly type: 'holdfast:draining'; readonly deadlineMs: number }
  | { readonly type: 'holdfast:drained'; readonly result: DrainResult }
  | { readonly type: 'holdfast:failed'; readonly message: string }

/** What is used of a `ServiceWorker`. */
export interface WorkerLike {
  postMessage(message: unknown, transfer?: Transferable[]): void
}

interface Named {
  readonly name: string
  readonly owner: string
}

/** How long a worker may take to say that it heard: it may have to be started first (milliseconds). */
const hearMs = 15_000

/** How much longer than its deadline a drain may take: it gives back what runs (milliseconds). */
const lateMs = 15_000

/**
 * Asks a service worker to drain a queue. Resolves to what it did; `undefined` when it does not answer (it has no host
 * for this queue, or was stopped), or the signal aborts.
 *
 * @throws Error when the drain failed there; what `postMessage` throws.
 */
export function askToDrain(
  worker: WorkerLike,
  queue: Named,
  clock: Pick<Clock, 'setTimer'>,
  signal: AbortSignal,
): Promise<DrainResult | undefined> {
  const { port1, port2 } = new MessageChannel()
  return new Promise<DrainResult | undefined>((resolve, reject) => {
    const giveUp = (): void => end(() => resolve(undefined))
    let cancel = clock.setTimer(giveUp, hearMs)
    const end = (settle: () => void): void => {
      cancel()
      signal.removeEventListener('abort', giveUp)
      port1.close()
      settle()
    }
    port1.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.type === 'holdfast:drained') return end(() => resolve(data.result))
      if (data.type === 'holdfast:failed') {
        return end(() => reject(new Error(`Cannot drain in the service worker: ${data.message}`)))
      }
      cancel()
      cancel = clock.setTimer(giveUp, data.deadlineMs + lateMs)
    }
    // Where the platform tells of it: the worker is gone.
    port1.addEventListener('close', giveUp)
    signal.addEventListener('abort', giveUp)
    try {
      worker.postMessage(askFor(queue), [port2])
    } catch (error) {
      end(() => reject(error))
    }
  })
}

/** Has a service worker drain a queue; for a page that is going away, and hears no answer any more. */
export function sendToDrain(worker: WorkerLike, queue: Named): void {
  worker.postMessage(askFor(queue))
}

function askFor({ name, owner }: Named): Ask {
  return { type: 'holdfast:drain', queue: name, owner }
}

/** Whether a message asks for this queue. */
export function isAsk(data: unknown, { name, owner }: Named): boolean {
  const { type, queue, owner: whose }: Partial<Record<keyof Ask, unknown>> = Object(data)
  return type === 'holdfast:drain' && queue === name && whose === owner
}
