import type { Enqueued, LogEvent } from '../../machine/events.ts'
import type { Ledger } from './ledger.ts'
import type { Model } from './model.ts'
import type { ModelJob } from './rows.ts'
import { must, show } from './violation.ts'

/** What a newcomer is judged on. */
interface Door {
  readonly model: Model
  readonly ledger: Ledger
  readonly maxPending: number
  readonly previous: LogEvent | undefined
}

const limits = 'limits are kept'

/** Whether there was room for a job, and for its dedupe key. */
export function judgeIntake(event: Enqueued, door: Door): void {
  judgeBacklog(event, door)
  if (event.dedupe !== undefined) judgeUniqueness(event, event.dedupe.key, door)
}

/** Jobs that are given back may fill the backlog beyond its limit: then each that comes in drops one. */
function judgeBacklog(event: Enqueued, { model, maxPending, previous }: Door): void {
  const pending = [...model.jobs.values()].filter(
    ({ owner, state }) => owner === event.owner && state === 'pending',
  )
  const isInExchange = previous?.type === 'dead' && previous.reason === 'overflow'
  const fits = pending.length < maxPending || isInExchange
  must(fits, limits, () => `${show(event)}, but ${pending.length} wait already`)
}

/** Where a key is taken, only a follower of a running job comes in, and only one. */
function judgeUniqueness(event: Enqueued, key: string, { model, ledger }: Door): void {
  const { owner, kind } = event
  const others = [...model.jobs.values()].filter(
    (job) => job.owner === owner && job.kind === kind && job.dedupeKey === key,
  )
  const takers = others.filter(({ dedupeWhile, state }) => dedupeWhile.includes(state))
  const newest = takers.reduce<ModelJob | undefined>((a, b) => (a && a.order > b.order ? a : b), undefined)
  if (newest === undefined) return
  const isFollower = newest.state === 'running' && !others.some(({ state }) => state === 'pending')
  const mayFollow = isFollower && ledger.modeOf(event) !== 'keep'
  must(
    mayFollow,
    limits,
    () => `${show(event)}, but its dedupe key is taken by ${newest.id}, which is ${newest.state}`,
  )
}
