import type { Now } from './events.ts'
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
  /** The most jobs to return. @default 100 */
  readonly limit?: number | undefined
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
  const { limit = 100 } = filter
  const jobs: Job[] = []
  const states = filter.state === undefined ? undefined : [filter.state].flat()
  const matches = (job: Job): boolean =>
    (filter.key === undefined || job.key === filter.key) &&
    (states === undefined || states.some((each) => isIn(state, job, each, now)))
  const shelves = lanesOf(state, owner, filter.kind).flatMap((lane) => [
    ...shelvesOf(state, lane, filter.state),
  ])
  for (const job of inOrder(state, shelves, after, matches)) {
    if (jobs.length >= limit) return { jobs, next: String(jobs.at(-1)?.ordinal) }
    jobs.push(job)
  }
  return { jobs, next: undefined }
}

function lanesOf(state: State, owner: string, kind?: string): Lane[] {
  return [...state.index.ready.lanes(owner)].filter((lane) => kind === undefined || lane.kind === kind)
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
export function counts(
  state: State,
  owner: string,
  now: Now,
): { total: Counts; kinds: Record<string, Counts> } {
  const total: Counts = { pending: 0, scheduled: 0, running: 0, completed: 0, dead: 0, cancelled: 0 }
  const kinds: [string, Counts][] = []
  for (const lane of state.index.ready.lanes(owner)) {
    const ofKind = { ...total, ...lane.counts, scheduled: lane.waits.left(now) }
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
