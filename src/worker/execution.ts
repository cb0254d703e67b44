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
  /** There is progress to be kept. */
  readonly progressed: (execution: Execution) => void
  /** Commits a checkpoint: JSON text. */
  readonly checkpoint: (execution: Execution, checkpoint: string) => Promise<void>
}

/** One attempt in this context: its signal, its clocks, and the progress that waits to be kept. */
export class Execution implements Holder {
  readonly job: Job
  readonly kind: Kind
  readonly #hooks: ExecutionHooks
  #controller: AbortController | undefined
  #abortedBy: QueueError | undefined
  #cancelTimeout: (() => void) | undefined
  #cancelStall: (() => void) | undefined
  /** The last progress value that is not in the log yet. */
  pending: { readonly value: string; readonly number: number | undefined } | undefined
  /** JSON text of the last checkpoint that is in the log. */
  #checkpoint: string | undefined
  /** The handler returned or threw: what is left is to commit it. */
  isOver = false
  /** The job was given back while its handler still ran: what it returns counts no more. */
  isGivenBack = false
  /** Resolves when nothing is left to be committed. */
  readonly settled: Promise<void>
  isSettled: () => void = () => undefined

  constructor(job: Job, kind: Kind, hooks: ExecutionHooks) {
    this.job = job
    this.#checkpoint = job.checkpoint
    this.kind = kind
    this.#hooks = hooks
    this.settled = new Promise((resolve) => {
      this.isSettled = resolve
    })
  }

  /** From now on the time is the handler's: that of the store, while it reads the payload, is not. */
  startClocks(): void {
    if (this.#abortedBy !== undefined) return
    const { timeoutMs } = this.kind
    this.#cancelTimeout = this.#limit(timeoutMs, 'ran longer than timeoutMs', timeoutMs)
    this.#restartStall()
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
    this.#stopTimers()
    this.#controller?.abort(reason)
  }

  end(): void {
    this.isOver = true
    this.#stopTimers()
  }

  context(): JobContext {
    const { id, kind, attempt, epoch, key, enqueuedAt, revision } = this.job
    const signal = (): AbortSignal => this.#signal()
    const checkpointed = (): Json | undefined =>
      this.#checkpoint === undefined ? undefined : JSON.parse(this.#checkpoint)
    return {
      id,
      kind,
      attempt,
      epoch,
      key,
      enqueuedAt,
      idempotencyKey: `${id}-${revision}`,
      get signal() {
        return signal()
      },
      progress: (value) => this.#progress(value),
      get checkpointed() {
        return checkpointed()
      },
      checkpoint: (state) => this.#keep(state),
    }
  }

  /** Made when first asked for: most handlers of small jobs never do. */
  #signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#abortedBy && !this.#controller.signal.aborted) this.#controller.abort(this.#abortedBy)
    return this.#controller.signal
  }

  #progress(value: Json): void {
    if (!isJson(value)) {
      throw new TypeError(`Cannot keep the progress of job "${this.id}": it is not JSON`)
    }
    if (this.isOver) return
    const number = typeof value === 'number' ? value : undefined
    this.pending = { value: JSON.stringify(value), number }
    if (this.#abortedBy === undefined) this.#restartStall()
    this.#hooks.progressed(this)
  }

  async #keep(state: Json): Promise<void> {
    const text = checkpointText(state, this.id)
    // Nothing new is written for a job that was given back, least of all from a page that goes away.
    if (this.isOver || this.isGivenBack) {
      const over = `Cannot keep a checkpoint of job "${this.id}": this attempt is over`
      throw this.#abortedBy ?? new QueueError('lease-lost', over)
    }
    if (this.#abortedBy === undefined) this.#restartStall()
    await this.#hooks.checkpoint(this, text)
    this.#checkpoint = text
  }

  #restartStall(): void {
    this.#cancelStall?.()
    const { stallMs } = this.kind
    this.#cancelStall = this.#limit(stallMs, 'neither settled nor made progress within stallMs', stallMs)
  }

  #limit(ms: number, what: string, given: number): (() => void) | undefined {
    if (ms === Number.POSITIVE_INFINITY) return undefined
    return this.#hooks.clock.setTimer(() => {
      this.abort(new QueueError('timeout', `Cannot go on with job "${this.id}": it ${what} (${given} ms)`))
    }, ms)
  }

  #stopTimers(): void {
    this.#cancelTimeout?.()
    this.#cancelStall?.()
  }
}
