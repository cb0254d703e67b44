import { counts, untilDue } from '../machine/query.ts'
import type { State } from '../machine/state.ts'
import { unlessAborted } from '../sync/waits.ts'
import { dueAt, tellDue } from './due.ts'
import type { Wanting } from './duty.ts'
import { nowOf, type Parts } from './parts.ts'
import type { DrainOptions, DrainResult } from './types.ts'

/** Runs what is due here until nothing is, and sends acknowledgements. */
export async function drain(parts: Parts, options: DrainOptions): Promise<DrainResult> {
  const { worker, replica, duty } = parts
  options.signal?.throwIfAborted()
  const before = { ...worker.runner.tally }
  const { over, settle } = ending(parts, options)
  parts.sender?.rouse()
  const wanting = duty.want()
  try {
    await unlessAborted(work(parts, wanting, over), over)
  } catch (error) {
    if (!over.aborted) throw error
  } finally {
    settle()
    await wanting.end()
  }
  options.signal?.throwIfAborted()
  const state = await replica.open()
  const { completed, failed, dead } = worker.runner.tally
  tellDue(parts)
  return {
    completed: completed - before.completed,
    failed: failed - before.failed,
    dead: dead - before.dead,
    ...leftOf(parts, state),
    stopped: over.aborted ? 'deadline' : whyIdle(parts, state),
  }
}

/** A signal that aborts when the drain is to end early, until it is settled. */
function ending({ clock }: Parts, { deadlineMs = Number.POSITIVE_INFINITY, signal }: DrainOptions) {
  const over = new AbortController()
  const end = (): void => over.abort()
  const cancel = deadlineMs === Number.POSITIVE_INFINITY ? undefined : clock.setTimer(end, deadlineMs)
  signal?.addEventListener('abort', end)
  const settle = (): void => {
    cancel?.()
    signal?.removeEventListener('abort', end)
  }
  return { over: over.signal, settle }
}

async function work({ worker, replica, sender }: Parts, wanting: Wanting, over: AbortSignal): Promise<void> {
  await wanting.started
  const { runner } = worker
  while (!over.aborted && worker.isOn) {
    if (runner.live > 0) {
      await runner.next()
      continue
    }
    // Asks on the truth: a claim that rides along finds whatever is due, also what other contexts brought.
    await replica.submit(() => undefined, { fresh: true })
    if (runner.live > 0 || (await worker.takeBack())) continue
    const { completed, dead } = runner.tally
    // With the worker on: what comes while the server is waited for need not wait as well.
    await sender?.flush({ signal: over })
    if (runner.live === 0 && completed === runner.tally.completed && dead === runner.tally.dead) break
  }
}

function leftOf(parts: Parts, state: State): Pick<DrainResult, 'remaining' | 'nextAt' | 'wakeAt'> {
  const { clock, owner, worker } = parts
  const now = nowOf(clock)
  const { pending, running } = counts(state, owner, now).total
  const until = untilDue(state, owner, worker.abilities, now)
  const nextAt = Number.isFinite(until) ? now.wall + until : undefined
  return { remaining: pending + running, nextAt, wakeAt: dueAt(parts, state) }
}

/** Nothing is due here: because there is no network, because kinds are held, or because all is done. */
function whyIdle({ connectivity, owner, worker }: Parts, state: State): DrainResult['stopped'] {
  let isHeld = false
  for (const lane of state.index.ready.lanes(owner)) {
    const ability = worker.abilities.get(lane.kind)
    const isDue = ability !== undefined && state.index.ready.peek(lane) !== undefined
    if (!isDue) continue
    if (ability.needsNetwork && !connectivity.online()) return 'offline'
    if (state.hold(owner, lane.kind)) isHeld = true
  }
  return isHeld ? 'held' : 'idle'
}
