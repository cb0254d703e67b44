import { QueueError } from '../errors.ts'
import type { Holder } from '../machine/decide.ts'
import type { Job } from '../machine/job.ts'
import type { Clock, JobContext, Json } from '../types.ts'
import { checkpointText } from './checkpoint.ts'
import { isJson } from './json.ts'
import type { Kind } from './types.ts'

/** What an execution tells the worker. */
export interface ExecutionHooks {
  readonly clock: Clock
  /** It may go on until this instant (monotonic milliseconds), unless it makes progress. */
  readonly limited: (at: number) => void
  /** There is progress to be kept. */
  readonly progressed: () => void
  /** Commits a checkpoint: JSON text. */
  readonly checkpoint: (execution: Execution, checkpoint: string) => Promise<void>
}

/** One attempt in this context: its signal, its limits, and the progress that waits to be kept. */
export class Execution implements Holder {
  readonly job: Job
  readonly kind: Kind
  /** Aborted when its settlement must not be tried again and again any more. */
  readonly patience: AbortSignal
  readonly #hooks: ExecutionHooks
  #controller: AbortController | undefined
  #abortedBy: QueueError | undefined
  /** When it has run too long, and when it has been silent too long (monotonic milliseconds). */
  #timeoutAt = Number.POSITIVE_INFINITY
  #stallAt = Number.POSITIVE_INFINITY
  /** The last progress value that is not in the log yet. */
  pending: { readonly value: string; readonly number: number | undefined } | undefined
  /** JSON text of the last checkpoint that is in the log. */
  #checkpoint: string | undefined
  /** The handler may have been called. */
  hasBegun = false
  /** The handler returned or threw: what is left is to commit it. */
  isOver = false
  /** The job was given back while its handler still ran: what it returns counts no more. */
  isGivenBack = false
  #isSettled = false
  #whenSettled: (() => void)[] | undefined

  constructor(job: Job, kind: Kind, hooks: ExecutionHooks, patience: AbortSignal) {
    this.job = job
    this.patience = patience
    this.#checkpoint = job.checkpoint
    this.kind = kind
    this.#hooks = hooks
  }

  /** From now on the time is the handler's: that of the store, while it reads the payload, is not. */
  startClocks(): void {
    if (this.#abortedBy !== undefined) return
    this.hasBegun = true
    const mono = this.#hooks.clock.monotonic()
    this.#timeoutAt = mono + this.kind.timeoutMs
    this.#stallAt = mono + this.kind.stallMs
    this.#hooks.limited(Math.min(this.#timeoutAt, this.#stallAt))
  }

  /** Stops it if it is over a limit; returns when it will be (monotonic milliseconds). */
  limit(mono: number): number {
    if (this.isOver || this.#abortedBy !== undefined) return Number.POSITIVE_INFINITY
    const { timeoutMs, stallMs } = this.kind
    if (mono >= this.#timeoutAt) this.#exceed(`ran longer than timeoutMs (${timeoutMs} ms)`)
    else if (mono >= this.#stallAt) {
      this.#exceed(`neither settled nor made progress within stallMs (${stallMs} ms)`)
    } else return Math.min(this.#timeoutAt, this.#stallAt)
    return Number.POSITIVE_INFINITY
  }

  get id(): string {
    return this.job.id
  }

  get epoch(): number {
    return this.job.epoch
  }

  /** Why the handler was asked to stop. */
  get abortedBy(): QueueError | undefined {
    return this.#abortedBy
  }

  /** Given back, lost, cancelled or out of time before the handler: nothing is begun. */
  assertHeld(): void {
    if (this.#abortedBy) throw this.#abortedBy
  }

  /** Asks the handler to stop; the first reason stands. */
  abort(reason: QueueError): void {
    if (this.isOver || this.#abortedBy !== undefined) return
    this.#abortedBy = reason
    this.#controller?.abort(reason)
  }

  /** Nothing is left to be committed. */
  settle(): void {
    this.isOver = true
    this.#isSettled = true
    for (const resolve of this.#whenSettled ?? []) resolve()
  }

  /** Resolves when nothing is left to be committed. */
  settled(): Promise<void> {
    if (this.#isSettled) return Promise.resolve()
    return new Promise((resolve) => {
      this.#whenSettled ??= []
      this.#whenSettled.push(resolve)
    })
  }

  context(): JobContext {
    return new Context(this)
  }

  /** Made when first asked for: most handlers of small jobs never do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#abortedBy && !this.#controller.signal.aborted) this.#controller.abort(this.#abortedBy)
    return this.#controller.signal
  }

  get checkpointed(): Json | undefined {
    return this.#checkpoint === undefined ? undefined : JSON.parse(this.#checkpoint)
  }

  progress(value: Json): void {
    if (!isJson(value)) {
      throw new TypeError(`Cannot keep the progress of job "${this.id}": it is not JSON`)
    }
    if (this.isOver) return
    const number = typeof value === 'number' ? value : undefined
    this.pending = { value: JSON.stringify(value), number }
    this.#restartStall()
    this.#hooks.progressed()
  }

  async keep(state: Json): Promise<void> {
    const text = checkpointText(state, this.id)
    // Nothing new is written for a job that was given back, least of all from a page that goes away.
    if (this.isOver || this.isGivenBack) {
      const over = `Cannot keep a checkpoint of job "${this.id}": this attempt is over`
      throw this.#abortedBy ?? new QueueError('lease-lost', over)
    }
    this.#restartStall()
    await this.#hooks.checkpoint(this, text)
    this.#checkpoint = text
  }

  /** The timer need not be set anew: when it fires, it finds that there is time left. */
  #restartStall(): void {
    this.#stallAt = this.#hooks.clock.monotonic() + this.kind.stallMs
  }

  #exceed(what: string): void {
    this.abort(new QueueError('timeout', `Cannot go on with job "${this.id}": it ${what}`))
  }
}

/** What a handler is given. Its functions may be taken out of it, and go with it where it is spread. */
class Context implements JobContext {
  readonly #execution: Execution
  readonly id: string
  readonly kind: string
  readonly attempt: number
  readonly epoch: number
  readonly key: string | undefined
  readonly enqueuedAt: number
  readonly idempotencyKey: string
  readonly progress: JobContext['progress']
  readonly checkpoint: JobContext['checkpoint']

  constructor(execution: Execution) {
    const { id, kind, attempt, epoch, key, enqueuedAt, revision } = execution.job
    this.#execution = execution
    this.id = id
    this.kind = kind
    this.attempt = attempt
    this.epoch = epoch
    this.key = key
    this.enqueuedAt = enqueuedAt
    this.idempotencyKey = `${id}-${revision}`
    this.progress = (value) => execution.progress(value)
    this.checkpoint = (state) => execution.keep(state)
  }

  get signal(): AbortSignal {
    return this.#execution.signal
  }

  get checkpointed(): Json | undefined {
    return this.#execution.checkpointed
  }
}
