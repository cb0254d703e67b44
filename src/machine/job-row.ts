import type { Enqueued } from './events.ts'
import type { Job } from './job.ts'
import type { Form } from './table.ts'

/** Every field, so that all rows have one shape, which engines copy and read fast: absent is `undefined`. */
const blank: { [Name in keyof Required<Job>]: Job[Name] } = {
  id: '',
  ordinal: 0,
  order: 0,
  owner: '',
  kind: '',
  state: 'pending',
  enqueuedAt: 0,
  availableAt: 0,
  waitMs: 0,
  attempt: 0,
  epoch: 0,
  errors: 0,
  priority: undefined,
  payload: undefined,
  beside: undefined,
  version: undefined,
  revision: 1,
  key: undefined,
  dedupe: undefined,
  expiresInMs: undefined,
  once: undefined,
  crashes: undefined,
  releases: undefined,
  fruitless: undefined,
  run: undefined,
  startedAt: undefined,
  cancelRequested: undefined,
  progress: undefined,
  best: undefined,
  checkpoint: undefined,
  probed: undefined,
  failures: undefined,
  reason: undefined,
  blocks: undefined,
  finishedAt: undefined,
  result: undefined,
  finish: undefined,
  ack: undefined,
  sequence: undefined,
}

/** A new job's row. */
export function enqueuedJob(event: Enqueued, ordinal: number, order: number, at: number): Job {
  const { id, owner, kind, payload, beside, version, waitMs = 0 } = event
  const { priority, key, dedupe, expiresInMs, once, blocks } = event
  return {
    ...blank,
    id,
    ordinal,
    order,
    owner,
    kind,
    enqueuedAt: at,
    availableAt: at + waitMs,
    waitMs,
    priority,
    payload,
    beside,
    version,
    key,
    dedupe,
    expiresInMs,
    once,
    blocks,
  }
}

/** What pages keep of every job, in this order (which SQLite's views know): half as long as by name, and read twice as fast. The id is its key. */
const common: ReadonlySet<string> = new Set<keyof Job>([
  ...(['id', 'ordinal', 'order', 'owner', 'kind', 'state', 'enqueuedAt', 'availableAt'] as const),
  ...(['waitMs', 'attempt', 'epoch', 'errors', 'revision', 'payload'] as const),
])

/** What they keep by name, where a job has it: few do. */
const rare = (Object.keys(blank) as (keyof Job)[]).filter((name) => !common.has(name))

export const jobForm: Form<Job> = {
  toDisk(job) {
    return [
      job.ordinal,
      job.order,
      job.owner,
      job.kind,
      job.state,
      job.enqueuedAt,
      job.availableAt,
      job.waitMs,
      job.attempt,
      job.epoch,
      job.errors,
      job.revision,
      job.payload,
      named(job),
    ]
  },

  fromDisk(id, kept) {
    if (!Array.isArray(kept)) return undefined
    // As it was written: a page is of this make, or of none that is read.
    return {
      ...blank,
      id,
      ordinal: kept[0],
      order: kept[1],
      owner: kept[2],
      kind: kept[3],
      state: kept[4],
      enqueuedAt: kept[5],
      availableAt: kept[6],
      waitMs: kept[7],
      attempt: kept[8],
      epoch: kept[9],
      errors: kept[10],
      revision: kept[11],
      payload: kept[12] ?? undefined,
      ...kept[13],
    }
  },
}

function named(job: Job): Record<string, unknown> | undefined {
  let others: Record<string, unknown> | undefined
  for (const name of rare) {
    if (job[name] === undefined) continue
    others ??= {}
    others[name] = job[name]
  }
  return others
}
