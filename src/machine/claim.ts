import type { Deciding, Holder } from './decide.ts'
import { Heap } from './heap.ts'
import type { Job, Run } from './job.ts'
import type { Lane } from './ready.ts'
import type { State } from './state.ts'

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

/** Claims the best ranked jobs that may run now, as far as slots and limits go, and sends held kinds' probes. */
export function decideClaim(state: State, request: ClaimRequest, deciding: Deciding): Holder[] {
  state.index.ready.wake(deciding.now)
  const free = Math.min(request.slots, request.maxRunning - state.index.running)
  if (free <= 0 || state.isPaused(deciding.owner) || runsAlone(state, request.run.worker)) return []
  const lanes = laneHeap(state, request, deciding)
  const probes = lanes.held.map((lane) => probeOf(state, lane, deciding)).filter((job) => job !== undefined)
  const sent = probes.filter((job) => !isLone(job)).slice(0, free)
  for (const job of sent) deciding.emit({ type: 'claimed', run: request.run, jobs: [job.id], probe: true })
  const jobs = take(state, lanes.open, free - sent.length, request)
  if (jobs.length > 0) deciding.emit({ type: 'claimed', run: request.run, jobs: jobs.map((job) => job.id) })
  return [...sent, ...jobs].map((job) => ({ id: job.id, epoch: job.epoch + 1 }))
}

function laneHeap(
  state: State,
  request: ClaimRequest,
  deciding: Deciding,
): { open: Heap<Lane>; held: Lane[] } {
  const { ready } = state.index
  const open = new Heap<Lane>((a, b) => {
    const [jobA, jobB] = [ready.peek(a), ready.peek(b)]
    return jobB === undefined || (jobA !== undefined && ready.before(jobA, jobB))
  })
  const held: Lane[] = []
  for (const lane of ready.lanes()) {
    const ability = request.kinds.get(lane.kind)
    if (ability === undefined || lane.owner !== deciding.owner) continue
    if (ability.needsNetwork && !request.online) continue
    if (roomFor(state, lane.kind, request) <= 0 || ready.peek(lane) === undefined) continue
    if (state.hold(lane.owner, lane.kind) === undefined) open.push(lane)
    else held.push(lane)
  }
  return { open, held }
}

function roomFor(state: State, kind: string, { kinds }: ClaimRequest): number {
  const maxRunning = kinds.get(kind)?.maxRunning ?? 0
  return maxRunning - (state.index.runningByKind.get(kind) ?? 0)
}

function take(state: State, lanes: Heap<Lane>, slots: number, request: ClaimRequest): Job[] {
  const { ready, held } = state.index
  const taken: Job[] = []
  const takenByKind = new Map<string, number>()
  const busy = held.has(request.run.worker)
  while (taken.length < slots) {
    const lane = lanes.pop()
    const job = lane && ready.peek(lane)
    if (lane === undefined || job === undefined) break
    if (isLone(job)) return taken.length === 0 && !busy ? [takeTop(lane, job)] : taken
    taken.push(takeTop(lane, job))
    const count = (takenByKind.get(lane.kind) ?? 0) + 1
    takenByKind.set(lane.kind, count)
    if (roomFor(state, lane.kind, request) > count && ready.peek(lane) !== undefined) lanes.push(lane)
  }
  return taken
}

function takeTop(lane: Lane, job: Job): Job {
  lane.ready.pop()
  return job
}

/** The job that probed this hold least, when the hold's wait is over and no probe is out. */
function probeOf(state: State, lane: Lane, { now }: Deciding): Job | undefined {
  const hold = state.hold(lane.owner, lane.kind)
  if (hold?.waitMs === undefined || !state.index.holds.isOver(`${lane.owner}\0${lane.kind}`, now))
    return undefined
  const out = hold.probe && state.jobs.get(hold.probe.id)
  if (out?.state === 'running' && out.epoch === hold.probe?.epoch) return undefined
  const { ready } = state.index
  const times = (job: Job): number => (job.probed?.hold === hold.number ? job.probed.times : 0)
  let best: Job | undefined
  for (const job of lane.ready.items()) {
    if (!ready.isReady(job)) continue
    if (best === undefined || times(job) < times(best)) best = job
    else if (times(job) === times(best) && ready.before(job, best)) best = job
  }
  return best
}

function isLone(job: Job): boolean {
  return (job.crashes ?? 0) >= loneFrom
}

function runsAlone(state: State, worker: string): boolean {
  for (const id of state.index.held.get(worker) ?? []) {
    const job = state.jobs.get(id)
    if (job !== undefined && isLone(job)) return true
  }
  return false
}
