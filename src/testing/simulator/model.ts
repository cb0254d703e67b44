import type { LogEvent } from '../../machine/events.ts'
import type { JobState } from '../../machine/job.ts'
import type { ModelHold, ModelJob, ModelOutbox } from './rows.ts'

/**
 * The log folded by other means than the queue's own: slow, plain, and without its tables, pages, indexes or undo.
 * Whatever both agree on, two programs found.
 */
export class Model {
  readonly jobs: Map<string, ModelJob> = new Map()
  readonly holds: Map<string, ModelHold> = new Map()
  readonly outboxes: Map<string, ModelOutbox> = new Map()
  /** By job and finish: whose, and under which number it was last queued. */
  readonly finishes: Map<string, string> = new Map()
  /** Owners whose outbox was ever renumbered: their server may hear of a finish again. */
  readonly forked: Set<string> = new Set()
  readonly setAside: Set<string> = new Set()
  readonly paused: Set<string> = new Set()
  #orders = 0
  #holds = 0

  /** `at` is the wall clock of the writer. */
  apply(event: LogEvent, writer: string, at: number): void {
    const handle = this.#handlers[event.type] as Handler<LogEvent> | undefined
    handle?.(event, at, writer)
  }

  job(id: string): ModelJob {
    const job = this.jobs.get(id)
    if (job === undefined) throw new RangeError(`there is no job ${id}`)
    return job
  }

  holdOf({ owner, kind }: { readonly owner: string; readonly kind: string }): ModelHold | undefined {
    return this.holds.get(`${owner}/${kind}`)
  }

  readonly #handlers: Handlers = {
    enqueued: (event, at) => {
      this.#orders++
      this.jobs.set(event.id, {
        ...{ id: event.id, owner: event.owner, kind: event.kind, key: event.key },
        ...{
          dedupeKey: event.dedupe?.key,
          dedupeWhile: event.dedupe?.ms === undefined ? (event.dedupe?.while ?? []) : [],
          isOnce: event.once === true,
          blocks: event.blocks === true,
        },
        ...{
          order: this.#orders,
          state: 'pending',
          attempt: 0,
          epoch: 0,
          errors: 0,
          crashes: 0,
          releases: 0,
        },
        ...{ fruitless: 0, best: Number.NEGATIVE_INFINITY, finish: 0, revision: 1, checkpoint: undefined },
        ...{ isBeside: event.beside !== undefined, isCancelRequested: false },
        ...{ availableAt: at + (event.waitMs ?? 0), priority: event.priority ?? 0 },
        expiresAt: at + (event.expiresInMs ?? Number.POSITIVE_INFINITY),
        ...{ worker: undefined, isInterruptible: false, writer: undefined, reason: undefined },
      })
    },
    revised: (event, at) => {
      const job = this.job(event.id)
      if (event.waitMs !== undefined) job.availableAt = at + event.waitMs
      job.priority = event.priority ?? job.priority
      job.revision++
      job.checkpoint = undefined
      job.isBeside = event.beside !== undefined
    },
    claimed: ({ jobs, run, probe }, _, writer) => {
      for (const id of jobs) {
        const job = this.job(id)
        Object.assign(job, {
          state: 'running',
          worker: run.worker,
          isInterruptible: run.interruptible,
          writer,
          isCancelRequested: false,
        })
        job.epoch++
        job.attempt++
        const hold = this.holdOf(job)
        if (probe && hold) hold.probe = { id, epoch: job.epoch }
      }
    },
    progressed: ({ id, number }) => {
      const job = this.job(id)
      job.fruitless = 0
      if (number === undefined || number <= job.best) return
      job.best = number
      job.crashes = 0
    },
    checkpointed: ({ id, checkpoint }) => {
      const job = this.job(id)
      if (checkpoint !== job.checkpoint) job.fruitless = 0
      job.checkpoint = checkpoint
    },
    completed: ({ id, outbox }) => {
      const job = this.#end(id, 'completed')
      job.isBeside = false
      job.checkpoint = undefined
      this.#finish(job, outbox)
    },
    retried: ({ id, error, waitMs }, at) => {
      const job = this.#end(id, 'pending')
      job.availableAt = at + waitMs
      if (error.charged) job.errors++
    },
    released: ({ id, why, waitMs = 0 }, at) => {
      const job = this.#end(id, 'pending')
      job.availableAt = at + waitMs
      if (why === 'stopped') this.#givenBack(job)
    },
    dead: ({ id, error, reason, blocks, outbox }) => {
      const job = this.#end(id, 'dead')
      if (error?.charged) job.errors++
      job.reason = reason
      job.blocks = blocks ?? job.blocks
      this.#finish(job, outbox)
    },
    cancelled: ({ id }) => void this.#end(id, 'cancelled'),
    'cancel-requested': ({ id }) => {
      this.job(id).isCancelRequested = true
    },
    reclaimed: ({ id, cause }, at) => {
      const job = this.#end(id, 'pending')
      job.availableAt = at
      if (cause === 'crash') job.crashes++
      else this.#givenBack(job)
    },
    redriven: ({ id }, at) => {
      this.#orders++
      const anew = { state: 'pending', order: this.#orders, errors: 0, crashes: 0, fruitless: 0 } as const
      Object.assign(this.job(id), {
        ...anew,
        availableAt: at,
        expiresAt: Number.POSITIVE_INFINITY,
        reason: undefined,
        isCancelRequested: false,
      })
    },
    removed: ({ ids }) => {
      for (const id of ids) this.jobs.delete(id)
    },
    held: ({ owner, kind, waitMs = 0, cause }, at) => {
      const open = this.holdOf({ owner, kind })
      if (open === undefined) this.#holds++
      this.holds.set(`${owner}/${kind}`, {
        number: open?.number ?? this.#holds,
        isUntilResume: cause === 'unauthorized',
        probeAt: cause === 'no-response' ? 0 : at + waitMs,
        probe: undefined,
        owesCharge: open === undefined || open.owesCharge,
      })
    },
    resumed: ({ owner, kind }) => void this.holds.delete(`${owner}/${kind}`),
    paused: ({ owner, on }) => {
      if (on) this.paused.add(owner)
      else this.paused.delete(owner)
    },
    acked: ({ owner, through = 0 }) => {
      const outbox = this.outboxes.get(owner)
      if (outbox === undefined) return
      for (let number = outbox.acked + 1; number <= through; number++) outbox.queued.delete(number)
      outbox.acked = Math.max(outbox.acked, through)
    },
    'set-aside': ({ owner, sequence }) => {
      const { queued } = this.#outbox(owner)
      this.setAside.add(queued.get(sequence) ?? '')
      queued.delete(sequence)
    },
    forked: ({ owner, outbox: id }) => {
      const queued = [...this.#outbox(owner).queued.values()]
      this.forked.add(owner)
      const renumbered = new Map(queued.map((finish, place) => [place + 1, finish]))
      this.outboxes.set(owner, { id, last: queued.length, acked: 0, queued: renumbered })
    },
    erased: ({ owner }) => {
      for (const job of [...this.jobs.values()]) if (job.owner === owner) this.jobs.delete(job.id)
      for (const lane of [...this.holds.keys()]) if (lane.startsWith(`${owner}/`)) this.holds.delete(lane)
      for (const [finish, whose] of [...this.finishes]) if (whose === owner) this.finishes.delete(finish)
      this.outboxes.delete(owner)
      this.paused.delete(owner)
    },
  }

  #end(id: string, state: JobState): ModelJob {
    return Object.assign(this.job(id), { state, worker: undefined })
  }

  #givenBack(job: ModelJob): void {
    job.releases++
    job.fruitless++
  }

  #finish(job: ModelJob, outboxId: string | undefined): void {
    job.finish++
    if (outboxId === undefined) return
    const found = this.outboxes.get(job.owner)
    const outbox = found ?? { id: outboxId, last: 0, acked: 0, queued: new Map<number, string>() }
    this.outboxes.set(job.owner, outbox)
    outbox.last++
    outbox.queued.set(outbox.last, `${job.id}#${job.finish}`)
    this.finishes.set(`${job.id}#${job.finish}`, job.owner)
  }

  #outbox(owner: string): ModelOutbox {
    const outbox = this.outboxes.get(owner)
    if (outbox === undefined) throw new RangeError(`there is no outbox of "${owner}"`)
    return outbox
  }
}

type Handler<Event> = (event: Event, at: number, writer: string) => void

type Handlers = {
  readonly [Type in LogEvent['type']]?: Handler<Extract<LogEvent, { readonly type: Type }>>
}
