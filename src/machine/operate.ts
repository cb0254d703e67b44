import { QueueError } from '../errors.ts'
import { type Deciding, owned } from './decide.ts'
import type { PayloadFact } from './events.ts'
import type { Job, JobState } from './job.ts'
import type { State } from './state.ts'

/** Cancels a waiting job, or asks the holder of a running one to. Returns which. */
export function decideCancel(state: State, id: string, { owner, emit }: Deciding): 'cancelled' | 'requested' {
  const job = owned(state, owner, id)
  allow(job, 'cancel', ['pending', 'running'])
  if (job.state === 'pending') {
    emit({ type: 'cancelled', id })
    return 'cancelled'
  }
  if (!job.cancelRequested) emit({ type: 'cancel-requested', id })
  return 'requested'
}

/** Sends a dead or cancelled job back, to the tail of its line, its history kept. */
export function decideRedrive(state: State, id: string, { owner, emit }: Deciding): void {
  allow(owned(state, owner, id), 'redrive', ['dead', 'cancelled'])
  emit({ type: 'redriven', id })
}

/** Gives a job that nobody runs another payload. Returns it as it was. */
export function decideEdit(state: State, id: string, fact: PayloadFact, { owner, emit }: Deciding): Job {
  const job = owned(state, owner, id)
  allow(job, 'edit', ['pending', 'dead', 'cancelled'])
  emit({ type: 'revised', id, why: 'edited', ...fact })
  return job
}

/** Removes a job that nobody runs. Its queued ack stays. Returns it as it was. */
export function decideRemove(state: State, id: string, { owner, emit }: Deciding): Job {
  const job = owned(state, owner, id)
  allow(job, 'remove', ['pending', 'completed', 'dead', 'cancelled'])
  emit({ type: 'removed', ids: [id] })
  return job
}

/** Stops, or starts again, all claiming by any context of this owner. */
export function decidePause(state: State, on: boolean, { owner, emit }: Deciding): void {
  if (state.isPaused(owner) !== on) emit({ type: 'paused', owner, on })
}

/** Ends the hold on a kind, or on all kinds of the owner. Returns the kinds. */
export function decideResume(state: State, kind: string | undefined, { owner, emit }: Deciding): string[] {
  const kinds: string[] = []
  for (const hold of state.holds.values()) {
    if (hold.owner === owner && (kind === undefined || hold.kind === kind)) kinds.push(hold.kind)
  }
  for (const held of kinds.sort()) emit({ type: 'resumed', owner, kind: held })
  return kinds
}

/** Erases everything of the owner. Returns the jobs, whose payloads go with them. */
export function decideErase(state: State, { owner, emit }: Deciding): Job[] {
  const jobs = [...state.jobs.values()].filter((job) => job.owner === owner)
  emit({ type: 'erased', owner })
  return jobs
}

/** Throws `unsent` while something is unfinished or unacknowledged. */
export function refuseUnsent(state: State, owner: string | undefined, jobs: Iterable<Job>): void {
  let unfinished = 0
  for (const job of jobs) if (job.state === 'pending' || job.state === 'running') unfinished++
  let unsent = 0
  for (const ack of state.acks.values()) if (owner === undefined || ack.owner === owner) unsent++
  if (unfinished === 0 && unsent === 0) return
  const left = `${unfinished} jobs are unfinished and ${unsent} acknowledgements unsent`
  throw new QueueError('unsent', `Cannot destroy the queue: ${left} (pass { force: true } to erase them)`)
}

function allow(job: Job, verb: string, states: readonly JobState[]): void {
  if (states.includes(job.state)) return
  const expected = states.join(' or ')
  throw new QueueError(
    'wrong-state',
    `Cannot ${verb} job "${job.id}": it is ${job.state}, expected ${expected}`,
  )
}
