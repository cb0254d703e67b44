import { QueueError } from '../errors.ts'
import type { LogEvent, PayloadFact, Revised } from './events.ts'
import * as finish from './fold-acks.ts'
import { type Failure, type Job, maxFailures, slotOf } from './job.ts'
import { enqueuedJob } from './job-row.ts'
import type { Tables } from './tables.ts'

type Folds = {
  readonly [Type in LogEvent['type']]: (
    state: Tables,
    event: Extract<LogEvent, { readonly type: Type }>,
    at: number,
  ) => void
}

/** Applies one fact. Needs no configuration, no clock and no randomness; guards belong to the decisions. */
export function fold(state: Tables, event: LogEvent, at: number): void {
  const apply = folds[event.type] as ((state: Tables, event: LogEvent, at: number) => void) | undefined
  if (apply === undefined) {
    throw new QueueError(
      'store-corrupt',
      `Cannot read the log: it has an event of unknown type "${event.type}"`,
    )
  }
  apply(state, event, at)
}

const folds: Folds = {
  enqueued(state, event, at) {
    const { id, owner, kind, dedupe } = event
    const counters = state.counters
    const ordinal = counters.ordinal + 1
    const order = counters.order + 1
    state.meta.put('counters', { ...counters, ordinal, order })
    state.jobs.put(id, enqueuedJob(event, ordinal, order, at))
    if (dedupe?.ms === undefined) return
    const key = slotOf(owner, kind, dedupe.key)
    state.slots.put(key, { key, id, until: at + dedupe.ms, ms: dedupe.ms })
  },

  revised(state, event, at) {
    const job = need(state, event.id)
    const { waitMs = job.waitMs, priority = job.priority } = event
    const availableAt = event.waitMs === undefined ? job.availableAt : at + event.waitMs
    // What was done with another payload says nothing of this one.
    const anew = { revision: job.revision + 1, checkpoint: undefined }
    state.jobs.put(job.id, { ...job, ...payloadOf(event), ...anew, waitMs, availableAt, priority })
  },

  claimed(state, { run, jobs, probe }, at) {
    for (const id of jobs) {
      const job = need(state, id)
      const epoch = job.epoch + 1
      state.jobs.put(id, {
        ...job,
        state: 'running',
        run,
        epoch,
        attempt: job.attempt + 1,
        startedAt: at,
        waitMs: 0,
        progress: undefined,
        cancelRequested: undefined,
      })
      const hold = probe ? state.hold(job.owner, job.kind) : undefined
      if (hold) state.holds.put(`${job.owner}\0${job.kind}`, { ...hold, probe: { id, epoch } })
    }
  },

  renewed(state, { worker }) {
    state.index.seen.set(worker, state.mono)
  },

  progressed(state, { id, value, number }) {
    const job = need(state, id)
    const further = number !== undefined && number > (job.best ?? Number.NEGATIVE_INFINITY)
    const gained = further ? { best: number, crashes: undefined } : {}
    state.jobs.put(id, { ...job, progress: value, fruitless: undefined, ...gained })
  },

  checkpointed(state, { id, checkpoint }) {
    const job = need(state, id)
    // Keeping the same again is not getting on. That crashes are over, only `best` can tell: it never goes back.
    const fruitless = checkpoint === job.checkpoint ? job.fruitless : undefined
    state.jobs.put(id, { ...job, checkpoint, fruitless })
  },

  completed(state, { id, outbox, result }, at) {
    const job = need(state, id)
    const done: Job = {
      ...job,
      state: 'completed',
      run: undefined,
      beside: undefined,
      checkpoint: undefined,
      result,
      finishedAt: at,
      finish: (job.finish ?? 0) + 1,
      ack: undefined,
      sequence: undefined,
    }
    state.jobs.put(id, outbox === undefined ? done : finish.queued(state, done, outbox))
  },

  retried(state, { id, error, waitMs, probed }, at) {
    const job = need(state, id)
    const times = probed === job.probed?.hold ? (job.probed?.times ?? 0) : 0
    state.jobs.put(id, {
      ...waiting(job, waitMs, at),
      ...failed(job, error, at),
      probed: probed === undefined ? job.probed : { hold: probed, times: times + 1 },
    })
  },

  released(state, { id, why, waitMs = 0 }, at) {
    const job = need(state, id)
    const given = why === 'stopped' ? givenBack(job) : {}
    state.jobs.put(id, { ...waiting(job, waitMs, at), ...given })
  },

  dead(state, { id, reason, error, blocks, outbox }, at) {
    const job = need(state, id)
    const failures = error ? failed(job, error, at) : {}
    const dead: Job = {
      ...job,
      ...failures,
      state: 'dead',
      run: undefined,
      reason,
      finishedAt: at,
      blocks: blocks ?? job.blocks,
      finish: (job.finish ?? 0) + 1,
      ack: undefined,
      sequence: undefined,
    }
    state.jobs.put(id, outbox === undefined ? dead : finish.queued(state, dead, outbox))
  },

  cancelled(state, { id }, at) {
    const job = need(state, id)
    state.jobs.put(id, { ...job, state: 'cancelled', run: undefined, finishedAt: at })
  },

  'cancel-requested'(state, { id }) {
    state.jobs.put(id, { ...need(state, id), cancelRequested: true })
  },

  reclaimed(state, { id, cause }, at) {
    const job = need(state, id)
    const counted = cause === 'crash' ? { crashes: (job.crashes ?? 0) + 1 } : givenBack(job)
    state.jobs.put(id, { ...waiting(job, 0, at), ...counted })
  },

  redriven(state, { id }, at) {
    const counters = state.counters
    const order = counters.order + 1
    state.meta.put('counters', { ...counters, order })
    const anew = { order, errors: 0, crashes: undefined, fruitless: undefined, expiresInMs: undefined }
    const unfinished = {
      reason: undefined,
      cancelRequested: undefined,
      finishedAt: undefined,
      ack: undefined,
      sequence: undefined,
    }
    state.jobs.put(id, { ...waiting(need(state, id), 0, at), ...anew, ...unfinished })
  },

  removed(state, { ids }) {
    for (const id of ids) state.jobs.put(id, undefined)
  },

  held(state, { owner, kind, cause, waitMs }, at) {
    const key = `${owner}\0${kind}`
    const open = state.holds.get(key)
    const counters = state.counters
    const number = open?.number ?? counters.hold + 1
    if (!open) state.meta.put('counters', { ...counters, hold: number })
    const since = { number, openedAt: open?.openedAt ?? at, tries: open ? open.tries + 1 : 0 }
    state.holds.put(key, { owner, kind, cause, ...since, waitMs, availableAt: at + (waitMs ?? 0) })
  },

  resumed(state, { owner, kind }) {
    state.holds.put(`${owner}\0${kind}`, undefined)
  },

  paused(state, { owner, on }) {
    state.meta.put(`paused\0${owner}`, on ? { ordinal: 0, order: 0, hold: 0, paused: true } : undefined)
  },

  erased(state, { owner }) {
    const owned = <Row extends { readonly owner: string }>([, row]: [string, Row]): boolean =>
      row.owner === owner
    for (const [id] of [...state.jobs.entries()].filter(owned)) state.jobs.put(id, undefined)
    for (const [key] of [...state.holds.entries()].filter(owned)) state.holds.put(key, undefined)
    for (const [key] of [...state.acks.entries()].filter(owned)) state.acks.put(key, undefined)
    for (const [key] of [...state.rejects.entries()].filter(owned)) state.rejects.put(key, undefined)
    for (const [key] of [...state.slots.entries()]) {
      if (key.startsWith(`${owner}\0`)) state.slots.put(key, undefined)
    }
    state.outboxes.put(owner, undefined)
    state.meta.put(`paused\0${owner}`, undefined)
  },

  sending: finish.sending,
  acked: finish.acked,
  'set-aside': finish.setAside,
  forked: finish.forked,
}

function need(state: Tables, id: string): Job {
  const job = state.jobs.get(id)
  if (job === undefined)
    throw new QueueError('store-corrupt', `Cannot read the log: it speaks of no job "${id}"`)
  return job
}

function payloadOf({ payload, beside, version }: Revised): PayloadFact {
  return { payload, beside, version }
}

function waiting(job: Job, waitMs: number, at: number): Job {
  return { ...job, state: 'pending', run: undefined, waitMs, availableAt: at + waitMs }
}

function givenBack(job: Job): Pick<Job, 'releases' | 'fruitless'> {
  return { releases: (job.releases ?? 0) + 1, fruitless: (job.fruitless ?? 0) + 1 }
}

function failed(
  job: Job,
  error: Omit<Failure, 'at' | 'attempt'>,
  at: number,
): Pick<Job, 'errors' | 'failures'> {
  const failure = { at, attempt: job.attempt, ...error }
  const failures = [...(job.failures ?? []), failure].slice(-maxFailures)
  return { errors: job.errors + (error.charged ? 1 : 0), failures }
}
