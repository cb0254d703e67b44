import type { JobView, QueueInfo } from 'holdfast'
import type { PhotoQueue } from '../queue.ts'

/** Everything the page shows of the queue. */
export interface Model {
  /** The newest first. */
  readonly jobs: readonly JobView[]
  readonly info: QueueInfo
  readonly now: number
  readonly online: boolean
}

/** More would be a long page. */
const shownAtMost = 500

/** How often changes are drawn at the most, and how often countdowns move (milliseconds). */
const pauseMs = 60
const tickMs = 250

/** Draws the queue after each change, whoever made it, and while a countdown runs. */
export function watch(
  queue: PhotoQueue,
  draw: (model: Model) => void,
  failed: (error: unknown) => void,
): { refresh(): void } {
  const view = queue.view({ kind: 'upload', limit: Number.POSITIVE_INFINITY })
  let timer: ReturnType<typeof setTimeout> | undefined
  let dueAt = Number.POSITIVE_INFINITY

  function refresh(inMs = pauseMs): void {
    const at = performance.now() + inMs
    if (at >= dueAt) return
    clearTimeout(timer)
    dueAt = at
    timer = setTimeout(() => {
      dueAt = Number.POSITIVE_INFINITY
      look().catch(failed)
    }, inMs)
  }

  async function look(): Promise<void> {
    // What comes of a failed look is looked at again.
    refresh(1_000)
    const info = await queue.info()
    const now = Date.now()
    const jobs = view.getSnapshot().slice(-shownAtMost).toReversed()
    draw({ jobs, info, now, online: navigator.onLine })
    if (info.holds.length > 0 || jobs.some((job) => job.availableAt > now)) refresh(tickMs)
  }

  view.subscribe(() => refresh())
  for (const type of ['online', 'offline', 'pageshow']) addEventListener(type, () => refresh(0))
  // Timers of a tab that was hidden, or frozen, may be late by minutes.
  for (const type of ['visibilitychange', 'resume']) document.addEventListener(type, () => refresh(0))
  refresh(0)
  return { refresh }
}
