import { QueueError } from '../errors.ts'
import type { Ability } from './claim.ts'
import type { HoldCause, Now } from './events.ts'
import { type Job, type JobState, laneOf } from './job.ts'
import type { State } from './state.ts'

/** What stands in a job's way. */
export type WhyNot =
  /** It does run: since when (epoch milliseconds), and who holds it. */
  | { readonly reason: 'running'; readonly worker: string | undefined; readonly since: number | undefined }
  | { readonly reason: 'finished'; readonly state: JobState }
  /** Delayed, snoozed, or backing off (epoch milliseconds). */
  | { readonly reason: 'scheduled'; readonly availableAt: number }
  /** Jobs of its key, or the job it follows, go first. */
  | {
      readonly reason: 'behind'
      readonly key: string | undefined
      readonly head: string
      readonly headState: JobState
    }
  | { readonly reason: 'blocked-by-dead'; readonly key: string | undefined; readonly head: string }
  | { readonly reason: 'paused' }
  /** Its kind waits for the outside world, until a probe (epoch milliseconds) or until `resume`. */
  | { readonly reason: 'held'; readonly cause: HoldCause; readonly probeAt: number }
  | { readonly reason: 'held'; readonly cause: HoldCause; readonly until: 'resume' }
  | { readonly reason: 'offline' }
  | {
      readonly reason: 'limit'
      readonly scope: 'kind' | 'queue'
      readonly maxRunning: number
      readonly running: number
    }
  /** This context has no handler for its kind. */
  | { readonly reason: 'no-handler' }
  /** Nothing was started in this context. */
  | { readonly reason: 'no-worker' }
  /** All slots of this context are taken. */
  | { readonly reason: 'busy' }
  /** Nothing: it is about to be claimed. */
  | { readonly reason: 'ready' }

/** What the asking context knows beside the log. */
export interface Here {
  readonly kinds: ReadonlyMap<string, Ability>
  readonly started: boolean
  readonly online: boolean
  /** Free ones. */
  readonly slots: number
  /** How many jobs may run at once, over all kinds and contexts. */
  readonly maxRunning: number
}

/**
 * Why a job does not run: the first thing that stands in its way.
 *
 * @throws QueueError `not-found`
 */
export function whyNot(state: State, id: string, here: Here, now: Now): WhyNot {
  const job = state.jobs.get(id)
  if (job === undefined) {
    throw new QueueError('not-found', `Cannot say why job "${id}" does not run: there is none of that id`)
  }
  if (job.state === 'running') return { reason: 'running', worker: job.run?.worker, since: job.startedAt }
  if (job.state !== 'pending') return { reason: 'finished', state: job.state }
  return inLine(state, job, now) ?? inQueue(state, job, here, now) ?? inContext(job, here)
}

function inLine(state: State, job: Job, now: Now): WhyNot | undefined {
  const { ready } = state.index
  const untilOver = ready.untilOver(job, now)
  if (untilOver > 0) return { reason: 'scheduled', availableAt: now.wall + untilOver }
  const head = ready.ahead(job)
  if (head === undefined) return undefined
  const key = job.key ?? job.dedupe?.key
  if (head.state === 'dead') return { reason: 'blocked-by-dead', key, head: head.id }
  return { reason: 'behind', key, head: head.id, headState: head.state }
}

function inQueue(state: State, job: Job, here: Here, now: Now): WhyNot | undefined {
  if (state.isPaused(job.owner)) return { reason: 'paused' }
  const hold = state.hold(job.owner, job.kind)
  if (hold !== undefined) {
    const { cause, waitMs } = hold
    if (waitMs === undefined) return { reason: 'held', cause, until: 'resume' }
    return { reason: 'held', cause, probeAt: now.wall + state.index.holds.untilOver(laneOf(job), now) }
  }
  const ability = here.kinds.get(job.kind)
  if (ability?.needsNetwork && !here.online) return { reason: 'offline' }
  const ofKind = limit('kind', ability?.maxRunning, state.index.runningByKind.get(job.kind))
  return ofKind ?? limit('queue', here.maxRunning, state.index.running)
}

function limit(
  scope: 'kind' | 'queue',
  maxRunning = Number.POSITIVE_INFINITY,
  running = 0,
): WhyNot | undefined {
  return running >= maxRunning ? { reason: 'limit', scope, maxRunning, running } : undefined
}

function inContext(job: Job, { kinds, started, slots }: Here): WhyNot {
  if (!kinds.has(job.kind)) return { reason: 'no-handler' }
  if (!started) return { reason: 'no-worker' }
  return { reason: slots <= 0 ? 'busy' : 'ready' }
}
