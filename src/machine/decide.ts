import { QueueError } from '../errors.ts'
import type { Emit, Now } from './events.ts'
import type { Job } from './job.ts'
import type { State } from './state.ts'

/** Which finishes the owner's server wants to hear of: the id a first outbox gets, or `undefined`. */
export interface AckWishes {
  readonly completed?: string | undefined
  readonly dead?: string | undefined
}

/** What every decision is given beside the state: time, where its facts go, and whose queue this is. */
export interface Deciding {
  readonly now: Now
  readonly emit: Emit
  readonly owner: string
  readonly acks: AckWishes
}

/** Who writes about a job it holds. */
export interface Holder {
  readonly id: string
  readonly epoch: number
}

/** Whether the holder still holds its job, under its epoch. */
export function holds(state: State, { id, epoch }: Holder): boolean {
  const job = state.jobs.get(id)
  return job?.state === 'running' && job.epoch === epoch
}

/** The job, if the holder still holds it: the fence that every settling write passes. */
export function fence(state: State, holder: Holder): Job {
  const { id, epoch } = holder
  const job = state.jobs.get(id)
  if (job && holds(state, holder)) return job
  const now = job ? `it is ${job.state} at epoch ${job.epoch}` : 'it was removed'
  throw new QueueError('lease-lost', `Cannot write for job "${id}" at epoch ${epoch}: ${now}`)
}

/** The owner's job of that id. */
export function owned(state: State, owner: string, id: string): Job {
  const job = state.jobs.get(id)
  if (job?.owner === owner) return job
  throw new QueueError('not-found', `Cannot find job "${id}": there is none of that id`)
}

/**
 * The outbox id for a finish, where one is wanted. For another owner's job, which only a reclaim can finish here, what
 * counts is whether that owner's queue ever wanted one.
 */
export function wishFor(
  state: State,
  job: Job,
  type: 'completed' | 'dead',
  deciding: Deciding,
): string | undefined {
  if (job.owner === deciding.owner) return deciding.acks[type]
  return state.outboxes.get(job.owner)?.id
}
