/** The Background Syncs of one worker, whoever fired them. */
export interface Syncs {
  areUnderWay(): boolean
  /** One was fired, and is to begin. */
  expect(): void
  /** Takes in what the worker tells: it asks the site for a path. */
  hear(path: string): void
  /** The worker is dead, and all that it had under way. */
  forget(): void
}

/** A worker that has to be started first takes a while; a sync that never begins is none (milliseconds). */
const beginsWithinMs = 10_000

/**
 * Runs in the worker before the peer's script: tells the site that a sync begins, and that all is over for which it was
 * to be kept alive.
 */
export const syncTeller = `addEventListener('sync', (event) => {
  const { waitUntil } = event
  const waits = []
  event.waitUntil = (wait) => {
    waits.push(wait)
    waitUntil.call(event, wait)
  }
  const told = fetch('/lab/sync-begins').then(async () => {
    for (let known = -1; known < waits.length; ) {
      known = waits.length
      await Promise.allSettled(waits)
    }
    await fetch('/lab/sync-ends')
  })
  told.catch(console.error)
});`

export function watchSyncs(): Syncs {
  let running = 0
  let beginsBefore = 0
  return {
    areUnderWay: () => running > 0 || performance.now() < beginsBefore,
    expect() {
      beginsBefore = performance.now() + beginsWithinMs
    },
    hear(path) {
      if (path === '/lab/sync-begins') {
        running += 1
        beginsBefore = 0
      } else if (path === '/lab/sync-ends') running -= 1
    },
    forget() {
      running = 0
      beginsBefore = 0
    },
  }
}
