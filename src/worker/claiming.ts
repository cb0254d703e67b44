import type { Ability, ClaimRequest } from '../machine/claim.ts'
import type { LogEvent } from '../machine/events.ts'
import type { Run } from '../machine/job.ts'
import type { State } from '../machine/state.ts'
import type { Runner } from './runner.ts'
import type { WorkerOptions } from './types.ts'

/** What a context asks for with an entry that holds `events`. */
export function claimRequest(
  state: State,
  run: Run,
  events: readonly LogEvent[],
  abilities: ReadonlyMap<string, Ability>,
  runner: Runner,
  { concurrency, maxRunning, connectivity, kinds }: WorkerOptions,
): ClaimRequest {
  // What may run only once is not claimed in the entry that brings it: its caller has not been told of it yet.
  const brings = events.some((event) => event.type === 'enqueued' && event.once)
  const able = brings ? new Map([...abilities].filter(([kind]) => !kinds.get(kind)?.once)) : abilities
  const held = state.index.held.get(run.worker)?.size ?? 0
  const slots = concurrency - held - runner.zombies(state)
  return { run, slots, kinds: able, maxRunning, online: connectivity.online() }
}

/** Whether an entry brought jobs that this context is not to claim in the same breath. */
export function leavesSome(events: readonly LogEvent[], { isHidden }: WorkerOptions): boolean {
  return events.some((event) => event.type === 'enqueued' && (event.once || isHidden()))
}
