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
  options: WorkerOptions,
): ClaimRequest {
  const { maxRunning, connectivity, kinds } = options
  // What may run only once is not claimed in the entry that brings it: its caller has not been told of it yet.
  const brings = events.some((event) => event.type === 'enqueued' && event.once)
  const able = brings ? new Map([...abilities].filter(([kind]) => !kinds.get(kind)?.once)) : abilities
  const slots = freeSlots(state, run, runner, options)
  return { run, slots, kinds: able, maxRunning, online: connectivity.online() }
}

/** Whether something is due, by whatever another context wrote, that this one may have a slot for. */
export function isOffered(
  state: State,
  run: Run,
  abilities: ReadonlyMap<string, Ability>,
  runner: Runner,
  options: WorkerOptions,
): boolean {
  if (freeSlots(state, run, runner, options) <= 0) return false
  const { ready } = state.index
  return [...abilities.keys()].some((kind) => {
    const lane = ready.lane(options.owner, kind)
    return lane !== undefined && ready.peek(lane) !== undefined
  })
}

function freeSlots(state: State, run: Run, runner: Runner, { concurrency }: WorkerOptions): number {
  const held = state.index.held.get(run.worker)?.size ?? 0
  return concurrency - held - runner.zombies(state)
}

/** Whether this context may claim in an entry that holds `events`: a hidden page claims nothing that it brings. */
export function mayClaim(events: readonly LogEvent[], { isHidden }: WorkerOptions): boolean {
  return !isHidden() || !events.some((event) => event.type === 'enqueued')
}

/** Whether an entry brought jobs that this context is not to claim in the same breath. */
export function leavesSome(events: readonly LogEvent[], { isHidden }: WorkerOptions): boolean {
  return events.some((event) => event.type === 'enqueued' && (event.once || isHidden()))
}

/** Lets kinds that are held for want of a response be probed at once. Only what is derived changes, and only here. */
export function endWaitsForNetwork({ holds, index }: State, owner: string): void {
  for (const [key, hold] of holds.entries()) {
    if (hold.owner === owner && hold.cause === 'no-response') index.holds.stop(key)
  }
}
