import type { LogEvent } from '../machine/events.ts'
import type { Job, Run } from '../machine/job.ts'
import type { State } from '../machine/state.ts'
import { type AckNotice, ackNotices } from '../sync/notices.ts'
import type { NamedEvent } from './events.ts'
import { parsed } from './show.ts'

/** How many times in a row a job is given back before it counts as starved. */
const starvedAfter = 4

/** The public events of a fact, for one owner's eyes. `state` is just past it. */
export function told(state: State, event: LogEvent, owner: string): Iterable<NamedEvent> {
  return ownerOf(state, event) === owner ? tell(state, event) : []
}

function ownerOf(state: State, event: LogEvent): string | undefined {
  if ('owner' in event) return event.owner
  if (event.type === 'claimed') return state.jobs.get(event.jobs[0] ?? '')?.owner
  return 'id' in event ? state.jobs.get(event.id ?? '')?.owner : undefined
}

function* tell(state: State, event: LogEvent): Iterable<NamedEvent> {
  if (event.type === 'enqueued') {
    yield ['enqueued', { id: event.id, kind: event.kind, key: event.key }]
  } else if (event.type === 'claimed') {
    for (const id of event.jobs) yield* started(state.jobs.get(id), event.run)
  } else if (event.type === 'held') {
    yield ['held', { kind: event.kind, cause: event.cause, probeAt: probeAt(state, event.owner, event.kind) }]
  } else if (event.type === 'resumed') {
    yield ['resumed', { kind: event.kind }]
  } else if (event.type === 'acked' || event.type === 'set-aside') {
    yield* ackNotices(event).map(named)
  } else if ('id' in event && event.id !== undefined) {
    yield* tellOfJob(state.jobs.get(event.id), event)
  }
}

function* started(job: Job | undefined, { worker }: Run): Iterable<NamedEvent> {
  if (job === undefined) return
  const { id, kind, attempt, epoch } = job
  yield ['started', { id, kind, attempt, epoch, worker }]
}

function named(notice: AckNotice): NamedEvent {
  const { id, sequence } = notice
  if (notice.type === 'acked') return ['acked', { id, sequence }]
  return ['ack-rejected', { id, sequence, code: notice.code, message: notice.message }]
}

function probeAt(state: State, owner: string, kind: string): number | undefined {
  const hold = state.hold(owner, kind)
  return hold?.waitMs === undefined ? undefined : hold.availableAt
}

function* tellOfJob(job: Job | undefined, event: LogEvent): Iterable<NamedEvent> {
  if (job === undefined) return
  const { id, kind, attempt, errors, availableAt } = job
  switch (event.type) {
    case 'progressed':
      yield ['progress', { id, kind, value: parsed(event.value) ?? null }]
      return
    case 'completed':
      yield ['completed', { id, kind, attempt, result: parsed(event.result) }]
      return
    case 'retried':
      yield ['retrying', { id, kind, failure: job.failures?.at(-1), errors, availableAt }]
      return
    case 'dead':
      yield ['dead', { id, kind, reason: event.reason, failure: job.failures?.at(-1) }]
      return
    case 'cancelled':
      yield ['cancelled', { id, kind }]
      return
    case 'released':
      yield ['released', { id, kind, why: event.why, availableAt }]
      if (event.why === 'stopped') yield* starved(job)
      return
    case 'reclaimed':
      yield ['reclaimed', { id, kind, cause: event.cause }]
      if (event.cause !== 'crash') yield* starved(job)
  }
}

function* starved({ id, kind, fruitless = 0 }: Job): Iterable<NamedEvent> {
  if (fruitless > 0 && fruitless % starvedAfter === 0) yield ['starved', { id, kind, times: fruitless }]
}
