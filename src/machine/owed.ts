import type { Now } from './events.ts'
import type { Job } from './job.ts'
import { isFailing, type Lane } from './ready.ts'
import type { State } from './state.ts'

/**
 * Whether the owner has a job of these kinds that is worth coming back for: it runs, is due, is held, or backs off after
 * a failure. Not for one that is only put off (delayed, or snoozed), waits behind such a one or behind a dead letter, or
 * is paused.
 */
export function owesJobs(
  state: State,
  owner: string,
  isOfKind: (kind: string) => boolean,
  now: Now,
): boolean {
  const isPaused = state.isPaused(owner)
  for (const lane of state.index.ready.lanes(owner)) {
    if (!isOfKind(lane.kind)) continue
    if (lane.counts.running > 0 || (!isPaused && owesPending(state, lane, now))) return true
  }
  return false
}

function owesPending({ jobs, index }: State, lane: Lane, now: Now): boolean {
  const { pending } = index.ready.shelves(lane)
  for (const number of pending.pageNumbers()) {
    for (const id of pending.page(number)) {
      const job = jobs.get(id)
      if (job && isOwed(index, job, now)) return true
    }
  }
  return false
}

function isOwed({ ready }: State['index'], job: Job, now: Now): boolean {
  const isPutOff = (each: Job): boolean =>
    each.state === 'dead' || (!isFailing(each) && each.waitMs > 0 && ready.untilOver(each, now) > 0)
  return !isPutOff(job) && !isPutOff(ready.ahead(job) ?? job)
}
