import { createBackgroundSync, type WakeUp } from '../background-sync.ts'
import type { Shift } from './shift.ts'
import type { WorkerEvent, WorkerScope } from './types.ts'

/** The syncs that a worker registers itself, so that the browser wakes it for what is left. */
export interface FollowUp {
  /** What came of registering. */
  readonly outcome: WakeUp
  /** Whether a sync has failed and none was ensured since: it may have been the browser's last try. */
  readonly isMissing: boolean
  /** Ensures that one is registered for what is left, after an event that the browser does not repeat. */
  ensure(): Promise<void>
  /** Registers one for what has just been enqueued. */
  registerNews(): Promise<void>
  /** Has a sync's event wait for the work. */
  during(event: WorkerEvent, work: Promise<void>): void
}

export function createFollowUp(scope: WorkerScope, tag: string, shift: Shift): FollowUp {
  const sync = createBackgroundSync(() => scope.registration.sync, tag)
  let firing = 0
  /** The sync that failed last, until another one is ensured. */
  let failed: WorkerEvent | undefined

  const ensure = async (): Promise<void> => {
    const before = failed
    if (await shift.isOwed()) {
      // After its last try, the browser may still name the tag for a moment.
      await (before?.lastChance ? sync.register() : sync.ensure())
      // It granted one before, so it may again, as when a tab is open.
      if (sync.outcome.state === 'refused') return
    }
    if (failed === before) failed = undefined
  }
  return {
    get outcome() {
      return sync.outcome
    },
    get isMissing() {
      return failed !== undefined
    },
    ensure,
    async registerNews() {
      // A drain takes it along, and whoever began that ensures what it leaves: but for a sync, which may be the last.
      if (shift.isRunning && firing === 0) return
      if (await shift.isOwed()) await sync.register()
    },
    during(event, work) {
      firing += 1
      event.waitUntil(work)
      const ended = (unfinished: WorkerEvent | undefined) => (): void => {
        failed = unfinished
        firing -= 1
      }
      work.then(ended(undefined), ended(event))
    },
  }
}
