import type { ClaimRequest } from '../../../src/machine/claim.ts'
import type { Now } from '../../../src/machine/events.ts'
import type { Job } from '../../../src/machine/job.ts'
import type { State } from '../../../src/machine/state.ts'

/** What a claim should take, found the slow way: by looking at every row. */
export function expectedClaim(state: State, request: ClaimRequest, owner: string, now: Now): string[] {
  const all = [...state.jobs.values()].map((job) => expired(job, owner, now))
  const running = all.filter((job) => job.state === 'running')
  const mine = running.filter((job) => job.run?.worker === request.run.worker)
  let free = Math.min(request.slots, request.maxRunning - running.length)
  if (free <= 0 || state.isPaused(owner) || mine.some(isLone)) return []

  const room = (kind: string): number =>
    (request.kinds.get(kind)?.maxRunning ?? 0) - running.filter((job) => job.kind === kind).length
  const candidates = all
    .filter((job) => job.owner === owner && job.state === 'pending' && job.availableAt <= now.wall)
    .filter((job) => isFirst(all, job) && room(job.kind) > 0)
    .filter((job) => request.online || request.kinds.get(job.kind)?.needsNetwork === false)
    .sort((a, b) => rank(a) - rank(b) || a.order - b.order)

  const taken: Job[] = []
  for (const kind of request.kinds.keys()) {
    const alone = mine.length + taken.length === 0
    const probe = free > 0 && !taken.some(isLone) ? probeOf(state, candidates, kind, alone, now) : undefined
    if (probe === undefined) continue
    taken.push(probe)
    free--
  }
  const probes = taken.length
  for (const job of candidates) {
    if (taken.length - probes >= free || taken.some(isLone)) break
    if (state.hold(owner, job.kind) !== undefined) continue
    if (taken.slice(probes).filter(({ kind }) => kind === job.kind).length >= room(job.kind)) continue
    if (isLone(job)) {
      if (mine.length + taken.length === 0) taken.push(job)
      break
    }
    taken.push(job)
  }
  return taken.map(({ id }) => id)
}

function probeOf(
  state: State,
  candidates: readonly Job[],
  kind: string,
  alone: boolean,
  now: Now,
): Job | undefined {
  const ofKind = candidates.filter((job) => job.kind === kind && (alone || !isLone(job)))
  const hold = ofKind[0] && state.hold(ofKind[0].owner, kind)
  if (hold?.waitMs === undefined || hold.availableAt > now.wall) return undefined
  const out = [...state.jobs.values()].some(
    (job) => job.id === hold.probe?.id && job.state === 'running' && job.epoch === hold.probe.epoch,
  )
  if (out) return undefined
  const times = (job: Job): number => (job.probed?.hold === hold.number ? job.probed.times : 0)
  const least = Math.min(...ofKind.map(times))
  return ofKind.find((job) => times(job) === least)
}

function expired(job: Job, owner: string, now: Now): Job {
  const isOver =
    job.owner === owner &&
    job.state === 'pending' &&
    job.expiresInMs !== undefined &&
    job.enqueuedAt + job.expiresInMs <= now.wall
  return isOver ? { ...job, state: 'dead' } : job
}

/** Whether nothing that must go first is left in its key's line, nor in that of its dedupe key. */
export function isFirst(all: readonly Job[], job: Job): boolean {
  return !all.some(
    (other) => other.owner === job.owner && other.order < job.order && keepsWaiting(other, job),
  )
}

function keepsWaiting(other: Job, job: Job): boolean {
  const sameKey = job.key !== undefined && other.key === job.key
  const sameDedupe =
    job.dedupe !== undefined && other.kind === job.kind && other.dedupe?.key === job.dedupe.key
  if (other.state === 'dead') return sameKey && other.blocks === true
  return (sameKey || sameDedupe) && (other.state === 'pending' || other.state === 'running')
}

function rank(job: Job): number {
  return job.availableAt - (job.priority ?? 0) * 60_000
}

function isLone(job: Job): boolean {
  return (job.crashes ?? 0) >= 2
}
