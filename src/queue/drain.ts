import { counts, untilDue } from '../machine/query.ts'
import type { State } from '../machine/state.ts'
import { nowOf, type Parts } from './parts.ts'
import type { DrainOptions, DrainResult } from './types.ts'

/** Runs what is due here until nothing is, and sends acknowledgements. */
export async function drain(parts: Parts, options: DrainOptions): Promise<DrainResult> {
  const { worker, clock, replica, sender } = parts
  options.signal?.throwIfAborted()
  const before = { ...worker.runner.tally }
  const startedHere = !worker.isOn
  let isOver = false
  const end = (): void => {
    isOver = true
    worker.runner.nudge()
  }
  const { deadlineMs = Number.POSITIVE_INFINITY, signal } = options
  const cancel = deadlineMs === Number.POSITIVE_INFINITY ? undefined : clock.setTimer(end, deadlineMs)
  signal?.addEventListener('abort', end)
  try {
    if (startedHere) await worker.start()
    await runDue(parts, () => isOver)
    if (startedHere) await worker.stop(0)
    const flushing = isOver ? undefined : sender?.flush(signal ? { signal } : {})
    await flushing
    signal?.throwIfAborted()
  } finally {
    cancel?.()
    signal?.removeEventListener('abort', end)
    if (startedHere) await worker.stop(0)
  }
  const state = await replica.open()
  const { completed, failed, dead } = worker.runner.tally
  return {
    completed: completed - before.completed,
    failed: failed - before.failed,
    dead: dead - before.dead,
    ...leftOf(parts, state),
    stopped: isOver ? 'deadline' : whyIdle(parts, state),
  }
}

async function runDue({ worker, replica }: Parts, isOver: () => boolean): Promise<void> {
  const { runner } = worker
  while (!isOver() && worker.isOn) {
    if (runner.size > 0) {
      await runner.next()
      continue
    }
    // Asks on the truth: a claim that rides along finds whatever is due, also what other contexts brought.
    await replica.submit(() => undefined, { fresh: true })
    if (runner.size === 0) return
  }
}

function leftOf({ clock, owner, worker }: Parts, state: State): Pick<DrainResult, 'remaining' | 'nextAt'> {
  const { pending, running } = counts(state, owner).total
  const now = nowOf(clock)
  const until = untilDue(state, owner, worker.abilities, now)
  return { remaining: pending + running, nextAt: Number.isFinite(until) ? now.wall + until : undefined }
}

/** Nothing is due here: because there is no network, because kinds are held, or because all is done. */
function whyIdle({ connectivity, owner, worker }: Parts, state: State): DrainResult['stopped'] {
  let isHeld = false
  for (const lane of state.index.ready.lanes()) {
    const ability = worker.abilities.get(lane.kind)
    if (lane.owner !== owner || ability === undefined || lane.counts.pending === 0) continue
    if (ability.needsNetwork && !connectivity.online()) return 'offline'
    if (state.hold(owner, lane.kind)) isHeld = true
  }
  return isHeld ? 'held' : 'idle'
}
