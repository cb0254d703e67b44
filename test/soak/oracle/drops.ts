import type { Record } from '../record.ts'
import type { Verdict } from './evidence.ts'

/**
 * The queue's database is made once. It may be made again where the browser says that it dropped the one before: Chromium keeps a
 * record that was being written when it was killed, writes on behind it, and takes all of it for damaged when it starts next. Then
 * the queue tells the application so, unless its context dies first.
 */
export function judgeDrops({ makings, losses, deadAt }: Record): Verdict {
  const dropped = makings.filter(({ isDropped }) => isDropped)
  const untold = dropped.filter(({ context }) => !losses.has(context) && !deadAt.has(context))
  const again = makings.length - dropped.length - 1
  return {
    findings: [
      ...(again > 0 ? [`the database was made anew ${again} times, and the browser does not say why`] : []),
      ...untold.map(({ context, why }) => `the loss was not told in ${context}: ${why}`),
    ],
    figures: Object.fromEntries(
      dropped.map(({ why }) => [
        `databases dropped by Chromium: ${why}`,
        dropped.filter((each) => each.why === why).length,
      ]),
    ),
  }
}

/** When the browser had dropped the database for the last time: nothing from before is there any more. */
export function droppedAt({ makings }: Record): number {
  const times = makings.filter(({ isDropped }) => isDropped).map(({ at }) => at)
  return Math.max(Number.NEGATIVE_INFINITY, ...times)
}
