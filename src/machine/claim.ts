import { type Deciding, type Holder, holds } from './decide.ts'
import { Heap } from './heap.ts'
import { type Job, laneOf, type Run } from './job.ts'
import type { Lane, Ready } from './ready.ts'
import type { Hold } from './rows.ts'
import type { State } from './state.ts'
import { decideExpiry } from './upkeep.ts'

/** What a claimer can run of a kind. */
export interface Ability {
  /** How many of the kind may run at once, over all contexts. */
  readonly maxRunning: number
  readonly needsNetwork: boolean
}

export interface ClaimRequest {
  readonly run: Run
  readonly slots: number
  /** The kinds that have a handler here. */
  readonly kinds: ReadonlyMap<string, Ability>
  /** How many jobs may run at once, over all kinds and contexts. */
  readonly maxRunning: number
  /** `false`: the platform is sure that there is no network. */
  readonly online: boolean
}

/** From this many crashes on a job runs alone in its context, so that it takes nothing down with it. */
const loneFrom = 2

/** A lane, and the best that it has to offer. */
interface Candidate {
  readonly lane: Lane
  job: Job
  /** How many more of its kind may run, this one included. */
  room: number
}

/**
 * Claims the best ranked jobs that may run now, as far as slots and limits go, and sends held kinds' probes. What has
 * expired goes to the dead letters first.
 */
export function decideClaim(state: State, request: ClaimRequest, deciding: Deciding): Holder[] {
  const { run, slots, maxRunning } = request
  state.index.ready.wake(deciding.now)
  state.index.holds.takeOver(deciding.now)
  if (!decideExpiry(state, deciding)) return []
  const free = Math.min(slots, maxRunning - state.index.running)
  if (free <= 0 || state.isPaused(deciding.owner) || runsAlone(state, run.worker)) return []
  const { open, held } = lanesFor(state, request, deciding)
  const probes = probesOf(state, held, free, run.worker)
  for (const job of probes) deciding.emit({ type: 'claimed', run, jobs: [job.id], probe: true })
  const jobs = runsAlone(state, run.worker) ? [] : take(state, open, free - probes.length, run.worker)
  if (jobs.length > 0) deciding.emit({ type: 'claimed', run, jobs: jobs.map((job) => job.id) })
  return [...probes, ...jobs].map((job) => ({ id: job.id, epoch: job.epoch + 1 }))
}

/** The lanes that have something for this claimer, and room for it; those that are held apart. */
function lanesFor(
  state: State,
  request: ClaimRequest,
  { owner }: Deciding,
): { readonly open: Heap<Candidate>; readonly held: Lane[] } {
  const { ready, runningByKind } = state.index
  const open = new Heap<Candidate>((a, b) => ready.before(a.job, b.job))
  const held: Lane[] = []
  for (const [kind, { needsNetwork, maxRunning }] of request.kinds) {
    const lane = ready.lane(owner, kind)
    const room = maxRunning - (runningByKind.get(kind) ?? 0)
    if (lane === undefined || (needsNetwork && !request.online) || room <= 0) continue
    const job = ready.peek(lane)
    if (job === undefined) continue
    if (state.hold(owner, kind) === undefined) open.push({ lane, job, room })
    else held.push(lane)
  }
  return { open, held }
}

function take(state: State, open: Heap<Candidate>, slots: number, worker: string): Job[] {
  const { ready, held } = state.index
  const isBusy = held.has(worker)
  const taken: Job[] = []
  let best = open.pop()
  while (best !== undefined && taken.length < slots) {
    const { lane, job } = best
    if (isLone(job)) return taken.length === 0 && !isBusy ? [job] : taken
    taken.push(job)
    lane.ready.pop()
    best = following(best, open, ready)
  }
  return taken
}

/** Who has the best of what is left when `last` gave its best: most often the same lane. */
function following(last: Candidate, open: Heap<Candidate>, ready: Ready): Candidate | undefined {
  const job = --last.room > 0 ? ready.peek(last.lane) : undefined
  if (job === undefined) return open.pop()
  last.job = job
  const rival = open.peek()
  if (rival === undefined || ready.before(job, rival.job)) return last
  open.push(last)
  return open.pop()
}

/** One probe for each held kind that is due for one. A job that must run alone goes only where nothing else runs. */
function probesOf(state: State, lanes: readonly Lane[], free: number, worker: string): Job[] {
  const probes: Job[] = []
  for (const lane of lanes) {
    const isAlone = probes.length === 0 && !state.index.held.has(worker)
    const probe = probes.length < free ? probeOf(state, lane, isAlone) : undefined
    if (probe !== undefined) probes.push(probe)
    if (probe !== undefined && isLone(probe)) break
  }
  return probes
}

/** The job that probed this hold least, when the hold's wait is over and no probe is out. */
function probeOf(state: State, lane: Lane, isAlone: boolean): Job | undefined {
  const { ready, holds } = state.index
  const hold = state.hold(lane.owner, lane.kind)
  if (hold?.waitMs === undefined || holds.has(laneOf(lane)) || isOut(state, hold)) return undefined
  const times = ({ probed }: Job): number => (probed?.hold === hold.number ? probed.times : 0)
  const isBetter = (a: Job, b: Job): boolean =>
    times(a) === times(b) ? ready.before(a, b) : times(a) < times(b)
  return lane.ready
    .items()
    .filter((job) => ready.isReady(job) && (isAlone || !isLone(job)))
    .reduce<Job | undefined>((best, job) => (best && !isBetter(job, best) ? best : job), undefined)
}

/** Whether a probe of this hold is still running. */
function isOut(state: State, { probe }: Hold): boolean {
  return probe !== undefined && holds(state, probe)
}

function isLone(job: Job | undefined): boolean {
  return (job?.crashes ?? 0) >= loneFrom
}

function runsAlone(state: State, worker: string): boolean {
  return [...(state.index.held.get(worker) ?? [])].some((id) => isLone(state.jobs.get(id)))
}
