import type { Now } from '../machine/events.ts'
import { laneOf } from '../machine/job.ts'
import { untilSilent } from '../machine/leases.ts'
import { untilDue } from '../machine/query.ts'
import type { Lane } from '../machine/ready.ts'
import type { State } from '../machine/state.ts'
import { lockSilenceMs } from '../worker/leases.ts'
import { nowOf, type Parts } from './parts.ts'

/**
 * When something can happen here next by time alone, or waits for nothing but a drain (epoch milliseconds). What this
 * context runs, or is about to claim, is its worker's own affair as long as that is on: see {@link isBusy}.
 */
export function dueAt(parts: Parts, state: State): number | undefined {
  const { clock, owner, worker, sender } = parts
  const now = nowOf(clock)
  const until = Math.min(
    !worker.isOn && hasClaimable(parts, state) ? 0 : Number.POSITIVE_INFINITY,
    untilDue(state, owner, worker.abilities, now),
    untilLost(parts, state, now),
  )
  const at = Math.min(now.wall + until, sender?.nextAt() ?? Number.POSITIVE_INFINITY)
  return Number.isFinite(at) ? at : undefined
}

/** Tells of {@link dueAt} whatever may have changed it: entries, whoever wrote them, and that the log was read. */
export function announceDue(parts: Parts): void {
  const tell = (): void => tellDue(parts)
  parts.replica.listen({
    entry: tell,
    left: tell,
    notice({ state }) {
      if (state === 'opened' || state === 'reloaded' || state === 'replaced') tell()
    },
  })
}

export function tellDue(parts: Parts): void {
  const { replica, emitter } = parts
  if (replica.state !== undefined && emitter.hears('due')) {
    const { state } = replica
    emitter.emit('due', { at: dueAt(parts, state), busy: isBusy(parts, state) })
  }
}

/** Whether this context's worker is on, and has something to do. */
function isBusy(parts: Parts, state: State): boolean {
  const { worker } = parts
  return worker.isOn && (state.index.held.has(worker.name) || hasClaimable(parts, state))
}

/** Whether a claim would find something, were the worker on. */
function hasClaimable({ owner, worker, connectivity, maxRunning }: Parts, state: State): boolean {
  const { ready, running, runningByKind } = state.index
  if (state.isPaused(owner) || running >= maxRunning) return false
  for (const [kind, ability] of worker.abilities) {
    const lane = ready.lane(owner, kind)
    if (lane === undefined || (ability.needsNetwork && !connectivity.online())) continue
    if ((runningByKind.get(kind) ?? 0) >= ability.maxRunning || isHeld(state, lane)) continue
    if (ready.peek(lane) !== undefined) return true
  }
  return false
}

/** Whether a lane is held, and not due for a probe. */
function isHeld(state: State, lane: Lane): boolean {
  const hold = state.hold(lane.owner, lane.kind)
  return hold !== undefined && (hold.waitMs === undefined || state.index.holds.has(laneOf(lane)))
}

/** Milliseconds until another holder's jobs may be taken back. */
function untilLost({ replica, worker }: Parts, state: State, { mono }: Now): number {
  let until = Number.POSITIVE_INFINITY
  for (const holder of state.index.held.keys()) {
    if (holder === worker.name && worker.isOn) continue
    const isGone = holder === worker.name || replica.byes.has(holder)
    until = Math.min(until, isGone ? 0 : untilSilent(state, holder, lockSilenceMs, mono))
  }
  return until
}
