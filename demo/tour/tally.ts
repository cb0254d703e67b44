import type { KindMap, Queue } from 'holdfast'

/** What the queue's events told so far. */
export interface Tally {
  attempts: number
  completed: number
  dead: number
  /** Failed, and tried again. */
  retries: number
  /** Times the kind began to wait for the API. */
  holds: number
  /** Whether it waits now. */
  held: boolean
  acked: number
  rejected: number
}

/** Counts a queue's events. `until` resolves once a condition on the counts holds. */
export interface Counting {
  readonly tally: Tally
  until(holds: (tally: Tally) => boolean, signal: AbortSignal): Promise<void>
  stop(): void
}

export function countEvents<Kinds extends KindMap>(queue: Queue<Kinds>): Counting {
  const tally: Tally = {
    attempts: 0,
    completed: 0,
    dead: 0,
    retries: 0,
    holds: 0,
    held: false,
    acked: 0,
    rejected: 0,
  }
  const waiting = new Set<() => void>()
  const on = (change: () => void) => (): void => {
    change()
    for (const look of [...waiting]) look()
  }
  const stops = [
    queue.on(
      'started',
      on(() => tally.attempts++),
    ),
    queue.on(
      'completed',
      on(() => tally.completed++),
    ),
    queue.on(
      'dead',
      on(() => tally.dead++),
    ),
    queue.on(
      'retrying',
      on(() => tally.retries++),
    ),
    queue.on(
      'acked',
      on(() => tally.acked++),
    ),
    queue.on(
      'ack-rejected',
      on(() => tally.rejected++),
    ),
    queue.on(
      'held',
      on(() => open(tally)),
    ),
    queue.on(
      'resumed',
      on(() => close(tally)),
    ),
  ]

  function until(holds: (tally: Tally) => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        waiting.delete(look)
        signal.removeEventListener('abort', give)
      }
      const look = (): void => {
        if (!holds(tally)) return
        end()
        resolve()
      }
      const give = (): void => {
        end()
        reject(signal.reason)
      }
      waiting.add(look)
      signal.addEventListener('abort', give, { once: true })
      if (signal.aborted) give()
      else look()
    })
  }

  return {
    tally,
    until,
    stop: () => {
      for (const stop of stops) stop()
    },
  }
}

/** A probe that fails holds the kind again: that is the same hold. */
function open(tally: Tally): void {
  if (!tally.held) tally.holds++
  tally.held = true
}

function close(tally: Tally): void {
  tally.held = false
}
