import { QueueError } from '../errors.ts'
import { owned } from '../machine/decide.ts'
import { hasUnsent, listRejects } from '../machine/outbox.ts'
import { owesJobs } from '../machine/owed.ts'
import { counts, list, oldestPendingAgeMs } from '../machine/query.ts'
import type { State } from '../machine/state.ts'
import { type WhyNot, whyNot } from '../machine/why.ts'
import type { Replica } from '../replica/types.ts'
import { storedPayload } from '../worker/payload.ts'
import { checkFilter } from './check.ts'
import { nowOf, type Parts } from './parts.ts'
import { showHold, showJob, showReject } from './show.ts'
import type { JobFilter, JobPage, JobView, Owed, QueueInfo, RejectedAckView } from './types.ts'

export async function getJob({ replica, owner, pulse }: Parts, id: string): Promise<JobView | undefined> {
  pulse.asked()
  const job = (await replica.open()).jobs.get(id)
  return job?.owner === owner ? showJob(job) : undefined
}

export async function readPayload({ replica, owner }: Parts, id: string): Promise<unknown> {
  const job = owned(await knowing(replica, owner, id), owner, id)
  const value = await storedPayload(job, replica)
  if (value !== undefined || job.beside === undefined) return value
  throw new QueueError('not-found', `Cannot give the payload of job "${id}": it is gone`)
}

/** The state, read anew if it does not know the job: whoever was told of the id may be ahead of this context. */
export async function knowing(replica: Replica, owner: string, id: string): Promise<State> {
  const state = await replica.open()
  if (state.jobs.get(id)?.owner === owner) return state
  await replica.catchUp()
  return replica.open()
}

export async function listJobs(
  { replica, owner, clock, pulse }: Parts,
  filter: JobFilter & { readonly after?: string },
): Promise<JobPage> {
  checkFilter(filter)
  pulse.asked()
  const { jobs, next } = list(await replica.open(), owner, filter, nowOf(clock))
  return { jobs: jobs.map(showJob), next }
}

export async function why(parts: Parts, id: string): Promise<WhyNot> {
  const { replica, owner, worker, connectivity, concurrency, maxRunning, clock } = parts
  const state = await knowing(replica, owner, id)
  owned(state, owner, id)
  const slots = concurrency - worker.runner.size
  const { abilities: kinds, isOn: started } = worker
  return whyNot(state, id, { kinds, started, online: connectivity.online(), slots, maxRunning }, nowOf(clock))
}

export async function info(parts: Parts): Promise<QueueInfo> {
  const { name, owner, replica, worker, clock, concurrency, sender, pulse } = parts
  pulse.asked()
  const state = await replica.open()
  const { total, kinds } = counts(state, owner, nowOf(clock))
  return {
    name,
    owner,
    counts: total,
    kinds,
    oldestPendingAgeMs: oldestPendingAgeMs(state, owner, nowOf(clock)),
    paused: state.isPaused(owner),
    owed: owedOf(parts, state),
    holds: [...state.holds.values()].filter((hold) => hold.owner === owner).map(showHold),
    worker: {
      name: worker.name || undefined,
      started: worker.isOn,
      concurrency,
      running: worker.runner.size,
      stuck: worker.runner.stuck,
    },
    store: await storeInfo(parts),
    sync: sender?.status(),
  }
}

function owedOf({ owner, worker, sender, clock }: Parts, state: State): Owed {
  const { abilities } = worker
  const now = nowOf(clock)
  const here = owesJobs(state, owner, (kind) => abilities.has(kind), now)
  return {
    here: here || (sender !== undefined && hasUnsent(state, owner)),
    elsewhere: owesJobs(state, owner, (kind) => !abilities.has(kind), now),
  }
}

async function storeInfo({ store, storeState, watchQuota }: Parts): Promise<QueueInfo['store']> {
  // Where the platform does not tell, the rest is told all the same.
  const estimate = await store.estimate?.().catch(() => undefined)
  if (estimate !== undefined) watchQuota(estimate)
  const { identity, durable } = store
  return { identity, durable, state: storeState(), usage: estimate?.usage, quota: estimate?.quota }
}

export async function rejectedAcks({ replica, owner }: Parts): Promise<readonly RejectedAckView[]> {
  return listRejects(await replica.open(), owner).map(showReject)
}
