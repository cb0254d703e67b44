import type { Deciding, Holder } from '../machine/decide.ts'
import { decideRelease, decideUnclaim } from '../machine/settle.ts'
import type { State } from '../machine/state.ts'
import type { Runner } from './runner.ts'
import type { WorkerOptions } from './types.ts'

/** How long a job waits whose handler ran, and could not be settled (milliseconds). */
const untoldMs = 1_000

/**
 * Gives back what the worker holds as the log says, and does not run: claims whose answer was lost for good, or that were
 * committed after a stop, and were never begun; and what was, and could not be settled.
 */
export function returnOrphans(state: State, worker: string, runner: Runner, deciding: Deciding): void {
  for (const orphan of orphansOf(state, worker, runner)) {
    if (runner.isUntold(orphan)) decideRelease(state, orphan, deciding, untoldMs)
    else decideUnclaim(state, orphan, 0, deciding)
  }
}

function orphansOf(state: State, worker: string, runner: Runner): Holder[] {
  const orphans: Holder[] = []
  for (const id of state.index.held.get(worker) ?? []) {
    const epoch = state.jobs.get(id)?.epoch
    if (epoch !== undefined && !runner.runs({ id, epoch })) orphans.push({ id, epoch })
  }
  return orphans
}

/** Waits for a claim that is being committed: an entry after it gives back what will not be begun. */
export async function landClaims(
  { replica, warn }: WorkerOptions,
  runner: Runner,
  worker: string,
): Promise<void> {
  await replica.idle()
  if (replica.state === undefined || orphansOf(replica.state, worker, runner).length === 0) return
  await replica.submit(() => undefined).catch((error: unknown) => warn('Cannot end all claims', error))
}
