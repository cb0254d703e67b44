import type { Enqueued } from './events.ts'
import type { Job } from './job.ts'

/** Every field, so that all rows have one shape, which engines copy and read fast: absent is `undefined`. */
const blank: Job = {
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

/** A row that was read from the disk, which has no absent fields. */
export function storedJob(row: Job): Job {
  return { ...blank, ...row }
}
