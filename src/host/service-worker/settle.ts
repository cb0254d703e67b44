import { pause } from './pause.ts'
import type { Shift } from './shift.ts'
import type { AttachOptions } from './types.ts'

/** What is due again that soon, a sync waits for: the browser's next one comes after minutes (milliseconds). */
const patienceMs = 30_000
/** The least that it waits, so that what cannot be done now is not tried in a loop (milliseconds). */
const breathMs = 1_000

/**
 * Drains, and again when what is left is due soon. Rejects where something stays that is worth another try: so the
 * browser tries again.
 */
export async function settle(
  shift: Shift,
  clock: NonNullable<AttachOptions['clock']>,
  deadlineMs: number,
): Promise<void> {
  const endAt = clock.now() + deadlineMs
  for (;;) {
    const outcome = await shift.run(endAt)
    if ('error' in outcome) throw outcome.error
    if (!(await shift.isOwed())) return
    const { wakeAt = Number.POSITIVE_INFINITY } = outcome.result
    const waitMs = Math.max(wakeAt - clock.now(), breathMs)
    if (waitMs > patienceMs || clock.now() + waitMs >= endAt) break
    await pause(clock, waitMs)
    // Whoever detaches the queue drains it no more.
    if (shift.isOver) break
  }
  throw new Error('Cannot end the sync: something is left that is to be tried again')
}
