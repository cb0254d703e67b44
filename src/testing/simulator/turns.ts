import type { Claimed } from '../../machine/events.ts'
import type { Model } from './model.ts'
import type { ModelJob } from './rows.ts'
import { must } from './violation.ts'

/** How many milliseconds of waiting one step of priority is worth, by default. */
const boostMs = 60_000

const inTime = 'nothing runs before its time, or out of turn'

/**
 * Where all clocks agree: what is claimed was due, and nothing of its kind that was due came before it in rank. `at` is
 * when the claim was decided.
 */
export function judgeTime(event: Claimed, model: Model, at: number): void {
  const taken = event.jobs.map((id) => model.job(id))
  for (const job of taken) {
    const { id, availableAt } = job
    must(at >= availableAt, inTime, () => `job ${id} is claimed at ${at}, and available at ${availableAt}`)
    if (event.probe === true) {
      const probeAt = model.holdOf(job)?.probeAt ?? 0
      must(at >= probeAt, inTime, () => `job ${id} probes at ${at}, and may at ${probeAt}`)
    }
  }
  if (event.probe === true) return
  for (const job of taken) judgeTurn(job, taken, model, at)
}

function judgeTurn(job: ModelJob, taken: readonly ModelJob[], model: Model, at: number): void {
  const left = [...model.jobs.values()].filter((other) => {
    const isOfLane = other.owner === job.owner && other.kind === job.kind
    return isOfLane && other.state === 'pending' && other.availableAt <= at && !taken.includes(other)
  })
  const better = left.find((other) => isBefore(other, job) && other.crashes < 2 && isHead(other, model))
  must(better === undefined, inTime, () => `job ${job.id} is claimed before ${better?.id}, whose turn it is`)
}

function isBefore(one: ModelJob, other: ModelJob): boolean {
  const [a, b] = [rankOf(one), rankOf(other)]
  return a === b ? one.order < other.order : a < b
}

function rankOf({ availableAt, priority }: ModelJob): number {
  return availableAt - priority * boostMs
}

/** Whether nothing in its lines goes first. */
function isHead(job: ModelJob, model: Model): boolean {
  return ![...model.jobs.values()].some((other) => {
    if (other.owner !== job.owner || other.order >= job.order) return false
    const isOfKey = job.key !== undefined && other.key === job.key
    const isFollowed =
      job.dedupeKey !== undefined && other.dedupeKey === job.dedupeKey && other.kind === job.kind
    if (other.state === 'dead') return other.blocks && isOfKey
    return (other.state === 'pending' || other.state === 'running') && (isOfKey || isFollowed)
  })
}
