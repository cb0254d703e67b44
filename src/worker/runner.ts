import { QueueError } from '../errors.ts'
import { type Holder, holds } from '../machine/decide.ts'
import type { Emit } from '../machine/events.ts'
import type { State } from '../machine/state.ts'
import type { Job } from '../machine/job.ts'
import { attempt, type Ending } from './attempt.ts'
import { commitCheckpoint } from './checkpoint.ts'
import { Execution, type ExecutionHooks } from './execution.ts'
import { Limits } from './limits.ts'
import { commitRelease, commitSettlement, type Settlement, type Told } from './settle.ts'
import type { Tally, WorkerOptions } from './types.ts'

/** How often progress is kept at the most (milliseconds). */
const progressMs = 250

/** The attempts under way in this context. */
export class Runner implements Told {
  readonly #options: WorkerOptions
  readonly #executions: Map<string, Execution> = new Map()
  /** Handlers that go on although their job was lost, and is run here again. */
  readonly #strays: Set<Execution> = new Set()
  /** Epochs, by job, of handlers that may have been called, and of which nothing else could be written. */
  readonly #untold: Map<string, number> = new Map()
  readonly #limits: Limits
  readonly #hooks: ExecutionHooks
  readonly #waiting: Set<() => void> = new Set()
  readonly tally: Tally = { completed: 0, failed: 0, dead: 0 }
  #progressTimer: (() => void) | undefined
  /**
   * Aborted when settling what began under it must not be tried again and again any more. Made late and let go early:
   * Workers forbid it in global scope, and in another request than its own.
   */
  #patience: AbortController | undefined

  constructor(options: WorkerOptions) {
    this.#options = options
    const { clock } = options
    this.#limits = new Limits(clock, () => this.#all)
    this.#hooks = {
      clock,
      limited: (at) => this.#limits.expect(at),
      progressed: () => this.#progressed(),
      checkpoint: (holder, checkpoint) => commitCheckpoint(holder, checkpoint, options),
    }
  }

  get size(): number {
    return this.#executions.size + this.#strays.size
  }

  get #all(): Execution[] {
    return [...this.#executions.values(), ...this.#strays]
  }

  /** Attempts whose outcome still counts. */
  get live(): number {
    let live = 0
    for (const { isGivenBack, abortedBy } of this.#all) {
      if (!isGivenBack && abortedBy?.code !== 'lease-lost') live++
    }
    return live
  }

  /** Handlers that were told to stop and have not. */
  get stuck(): number {
    return this.#count((execution) => execution.abortedBy !== undefined)
  }

  /** Handlers that still run although their job is not held any more: each keeps its slot. */
  zombies(state: State): number {
    return this.#count((execution) => !holds(state, execution))
  }

  /** Starts the handlers of jobs whose claim was committed. */
  begin(holders: readonly Holder[]): void {
    if (holders.length === 0) return
    const begun: Execution[] = []
    for (const holder of holders) {
      const execution = this.#executionOf(holder)
      if (execution !== undefined) begun.push(execution)
    }
    // A handler may stop the queue: not before all that were claimed together are begun.
    void Promise.resolve().then(() => {
      for (const execution of begun) attempt(execution, this.#options, this.#ending)
    })
  }

  #executionOf({ id, epoch }: Holder): Execution | undefined {
    const job = this.#options.replica.state?.jobs.get(id)
    const kind = job && this.#options.kinds.get(job.kind)
    // What was told late may be lost by now.
    if (job?.epoch !== epoch || job.state !== 'running' || kind === undefined) return undefined
    this.#patience ??= new AbortController()
    const execution = new Execution(job, kind, this.#hooks, this.#patience.signal)
    const stray = this.#executions.get(id)
    if (stray) this.#strays.add(stray)
    this.#executions.set(id, execution)
    return execution
  }

  /** Tells handlers whose job was lost or is to be cancelled; sees to it that those whose time is over will be told. */
  look(state: State): void {
    this.#limits.insist()
    for (const execution of this.#all) {
      if (execution.isOver) continue
      const what = `Cannot go on with job "${execution.id}"`
      if (!holds(state, execution))
        execution.abort(new QueueError('lease-lost', `${what}: its lease was lost`))
      else if (state.jobs.get(execution.id)?.cancelRequested) {
        execution.abort(new QueueError('cancelled', `${what}: it was cancelled`))
      }
    }
  }

  /** Emits the progress that waits to be kept. What is returned is called once it is committed. */
  keepProgress(state: State, emit: Emit): () => void {
    const kept: [Execution, Execution['pending']][] = []
    for (const execution of this.#all) {
      const { id, epoch, pending } = execution
      if (pending === undefined || !holds(state, execution)) continue
      emit({ type: 'progressed', id, epoch, ...pending })
      kept.push([execution, pending])
    }
    return () => {
      for (const [execution, pending] of kept) {
        if (execution.pending === pending) execution.pending = undefined
      }
    }
  }

  /** Whether it is under way here. */
  runs({ id, epoch }: Holder): boolean {
    return this.#executions.get(id)?.epoch === epoch
  }

  /** Whether its handler may have been called here, and nothing else could be written of it. */
  isUntold({ id, epoch }: Holder): boolean {
    return this.#untold.get(id) === epoch
  }

  /** Resolves when the next attempt is settled, or {@link nudge} is called. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      const once = (): void => {
        this.#waiting.delete(once)
        resolve()
      }
      this.#waiting.add(once)
    })
  }

  nudge(): void {
    for (const waiting of [...this.#waiting]) waiting()
  }

  /** Aborts what runs and gives it back; resolves when everything this context held is settled, or cannot be. */
  async giveBack(): Promise<void> {
    const { warn } = this.#options
    const reason = new QueueError('stopped', 'Cannot go on: the worker was stopped')
    const patience = this.#impatient()
    const settling = this.#all.map(async (execution) => {
      if (execution.isOver) return execution.settled()
      if (execution.isGivenBack) return
      execution.abort(reason)
      try {
        await commitRelease(execution, this.#options, patience)
        execution.isGivenBack = true
      } catch (error) {
        warn(`Cannot give job "${execution.id}" back`, error, execution.id)
      }
    })
    await Promise.all(settling)
  }

  /** Aborts what runs, and forgets it: others will take it back. Nothing new is written from a page that goes away. */
  abandon(): void {
    this.#impatient()
    const reason = new QueueError('stopped', 'Cannot go on: this context is leaving')
    for (const execution of this.#all) {
      execution.abort(reason)
      execution.isGivenBack = true
    }
    this.stop()
  }

  stop(): void {
    this.#limits.rest()
    this.#progressTimer?.()
    this.#progressTimer = undefined
    this.#untold.clear()
    this.nudge()
  }

  settled(execution: Execution, { counts }: Settlement, job: Job | undefined): void {
    if (job && counts) this.tally[counts]++
    if (job?.state === 'dead') this.tally.dead++
    this.#end(execution)
  }

  failed(execution: Execution, error: unknown): void {
    const { id, epoch, hasBegun } = execution
    if (hasBegun) this.#untold.set(id, epoch)
    this.#options.warn(`Cannot settle job "${id}"`, error, id)
    this.#end(execution)
  }

  readonly #ending: Ending = {
    over: (execution, settlement) => {
      execution.isOver = true
      if (execution.abortedBy?.code === 'lease-lost' || execution.isGivenBack) {
        this.#end(execution)
        // No entry tells of the slot that it kept. Where nobody works, as in a page that goes away, nobody wants it.
        if (this.#options.replica.eager) this.#options.replica.poke()
      } else commitSettlement(execution, settlement, this.#options, execution.patience, this)
    },
    // Held, and not run any more: it is given back.
    failed: (execution, error) => {
      execution.isOver = true
      this.failed(execution, error)
      this.#options.replica.poke()
    },
  }

  #end(execution: Execution): void {
    execution.settle()
    if (!this.#strays.delete(execution) && this.#executions.get(execution.id) === execution)
      this.#executions.delete(execution.id)
    this.nudge()
  }

  #impatient(): AbortSignal {
    this.#patience?.abort()
    this.#patience = undefined
    return AbortSignal.abort()
  }

  #progressed(): void {
    this.#progressTimer ??= this.#options.clock.setTimer(() => {
      this.#progressTimer = undefined
      this.#options.replica.poke()
    }, progressMs)
  }

  #count(is: (execution: Execution) => boolean): number {
    let count = 0
    for (const execution of this.#all) if (!execution.isOver && is(execution)) count++
    return count
  }
}
