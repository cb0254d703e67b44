import { QueueError } from '../errors.ts'
import type { Ability } from './claim.ts'
import type { HoldCause, Now } from './events.ts'
import { type Job, type JobState, keepsPlace, laneOf, linesOf } from './job.ts'
import { isFailing, type Lane } from './ready.ts'
import { pagesBehind, type Shelf } from './shelf.ts'
import type { State } from './state.ts'

/** `scheduled`: pending, and not due yet. `in-line`: pending, running, or dead and keeping its place. */
type ListedState = JobState | 'scheduled' | 'in-line'

/** Which jobs to list. */
export interface ListFilter {
  /** One, or several; absent: all. */
  readonly state?: ListedState | readonly ListedState[] | undefined
  readonly kind?: string | undefined
  readonly key?: string | undefined
  /** The most jobs to return. */
  readonly limit: number
  /** The `next` of an earlier list. */
  readonly after?: string | undefined
}

export interface Listed {
  readonly jobs: Job[]
  /** For `after`, while there is more. Stays valid whatever comes and goes. */
  readonly next: string | undefined
}

/**
 * The owner's jobs in the order of their enqueueing.
 *
 * @throws RangeError when `after` is not what an earlier list returned.
 */
export function list(state: State, owner: string, filter: ListFilter, now: Now): Listed {
  const after = Number(filter.after ?? 0)
  if (!Number.isSafeInteger(after)) {
    throw new RangeError(`Cannot list: after is "${filter.after}", expected the next of an earlier list`)
  }
  const jobs: Job[] = []
  const states = filter.state === undefined ? undefined : [filter.state].flat()
  const matches = (job: Job): boolean =>
    (filter.key === undefined || job.key === filter.key) &&
    (states === undefined || states.some((each) => isIn(state, job, each, now)))
  const shelves = lanesOf(state, owner, filter.kind).flatMap((lane) => [
    ...shelvesOf(state, lane, filter.state),
  ])
  for (const job of inOrder(state, shelves, after, matches)) {
    if (jobs.length >= filter.limit) return { jobs, next: String(jobs.at(-1)?.ordinal) }
    jobs.push(job)
  }
  return { jobs, next: undefined }
}

function lanesOf(state: State, owner: string, kind?: string): Lane[] {
  return [...state.index.ready.lanes()].filter(
    (lane) => lane.owner === owner && (kind === undefined || lane.kind === kind),
  )
}

function shelvesOf({ index }: State, lane: Lane, state: ListFilter['state']): Iterable<Shelf> {
  const shelves = index.ready.shelves(lane)
  if (state === undefined) return Object.values(shelves)
  return new Set([state].flat().flatMap((each) => statesIn(each).map((name) => shelves[name])))
}

/** Those that match, in the order of their enqueueing behind an ordinal. */
function* inOrder(
  { jobs }: State,
  shelves: readonly Shelf[],
  ordinal: number,
  matches: (job: Job) => boolean,
): Generator<Job, void> {
  for (const ids of pagesBehind(shelves, ordinal)) {
    yield* ids
      .map((id) => jobs.get(id))
      .filter((job) => job !== undefined)
      .filter((job) => job.ordinal > ordinal && matches(job))
      .sort((a, b) => a.ordinal - b.ordinal)
  }
}

/** In which states the jobs are that a filter's state names. */
function statesIn(listed: ListedState): JobState[] {
  if (listed === 'in-line') return ['pending', 'running', 'dead']
  return [listed === 'scheduled' ? 'pending' : listed]
}

function isIn(state: State, job: Job, listed: ListedState, now: Now): boolean {
  if (listed === 'in-line') return linesOf(job).some((line) => keepsPlace(job, line))
  if (listed === 'scheduled') return job.state === 'pending' && isScheduled(state, job, now)
  return job.state === listed
}

function isScheduled({ index }: State, job: Job, now: Now): boolean {
  return job.waitMs > 0 && index.ready.untilOver(job, now) > 0
}

/** How many jobs are in each state; those that are `scheduled` are `pending`, too. */
export type Counts = Record<JobState | 'scheduled', number>

/** Counts the owner's jobs: all, and by kind. */
export function counts(state: State, owner: string): { total: Counts; kinds: Record<string, Counts> } {
  const total: Counts = { pending: 0, scheduled: 0, running: 0, completed: 0, dead: 0, cancelled: 0 }
  const kinds: [string, Counts][] = []
  for (const lane of state.index.ready.lanes()) {
    if (lane.owner !== owner) continue
    const ofKind = { ...total, ...lane.counts, scheduled: lane.waits.size }
    kinds.push([lane.kind, ofKind])
  }
  for (const [, ofKind] of kinds) {
    for (const name of Object.keys(total) as (keyof Counts)[]) total[name] += ofKind[name]
  }
  return { total, kinds: Object.fromEntries(kinds) }
}

/**
 * How long ago the first of the owner's jobs was enqueued that are due, or wait since they failed (milliseconds); `null`
 * when there is none.
 */
export function oldestPendingAgeMs(state: State, owner: string, now: Now): number | null {
  const lanes = lanesOf(state, owner).filter((lane) => hasDue(lane, now))
  const shelves = lanes.map((lane) => state.index.ready.shelves(lane).pending)
  const [oldest] = inOrder(state, shelves, 0, (each) => isFailing(each) || !isScheduled(state, each, now))
  return oldest === undefined ? null : Math.max(0, now.wall - oldest.enqueuedAt)
}

function hasDue({ counts, waits, failing }: Lane, now: Now): boolean {
  return failing > 0 || waits.size < counts.pending || waits.firstOver(now) !== undefined
}

/**
 * Milliseconds until something of these kinds may be claimed, or expires, by time alone; `Infinity`: never. 0 says that
 * something is over that no claim has looked at yet; what a claim looked at and left, time does not change.
 */
export function untilDue(state: State, owner: string, kinds: ReadonlyMap<string, unknown>, now: Now): number {
  const instants = [state.index.expiries(owner).untilNext(now)]
  for (const kind of state.isPaused(owner) ? [] : kinds.keys()) {
    const lane = state.index.ready.lane(owner, kind)
    if (lane !== undefined) instants.push(untilLane(state, lane, now))
  }
  return Math.min(...instants)
}

function untilLane(state: State, lane: Lane, now: Now): number {
  const { ready, holds } = state.index
  const hold = state.hold(lane.owner, lane.kind)
  const untilWait = lane.waits.untilNext(now)
  if (hold === undefined) return untilWait
  if (hold.waitMs === undefined) return Number.POSITIVE_INFINITY
  const held = laneOf(lane)
  if (!holds.has(held)) return untilWait
  return Math.max(holds.untilOver(held, now), ready.peek(lane) === undefined ? untilWait : 0)
}

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
