import { isQueueError, type QueueError } from '../errors.ts'
import { type Deciding, holds } from '../machine/decide.ts'
import type { Job } from '../machine/job.ts'
import {
  decideCancelled,
  decideComplete,
  decideFailure,
  decideRelease,
  decideSnooze,
  decideUnclaim,
  decideUnfit,
  type FailurePolicy,
} from '../machine/settle.ts'
import type { State } from '../machine/state.ts'
import type { Drafting, Submission, SubmitOptions } from '../replica/types.ts'
import type { Clock } from '../types.ts'
import type { Execution } from './execution.ts'
import { judge, noteOf } from './failure.ts'
import { outcomeOf } from './outcome.ts'
import type { Unfit } from './payload.ts'
import type { Tally, WorkerOptions } from './types.ts'

/** How an attempt is to be written: which decision, and what it adds to the worker's tally. */
export interface Settlement {
  readonly decide: (state: State, deciding: Deciding) => void
  readonly counts?: keyof Tally
}

/** How long to wait before a settlement that the store refused is tried again (milliseconds). */
const storeRetryMs = [100, 500, 2_000, 10_000] as const

/** The handler returned. */
export function returned(execution: Execution, value: unknown, options: WorkerOptions): Settlement {
  const { waitMs, text, refused } = outcomeOf(value)
  if (waitMs !== undefined) {
    return { decide: (state, deciding) => decideSnooze(state, execution, waitMs, deciding) }
  }
  if (refused !== undefined) {
    options.warn(`Cannot keep the result of job "${execution.id}": ${refused}`, undefined, execution.id)
  }
  return {
    decide: (state, deciding) => decideComplete(state, execution, text, deciding),
    counts: 'completed',
  }
}

/** The payload does not fit the handler. */
export function unfit(execution: Execution, { reason, error }: Unfit, options: WorkerOptions): Settlement {
  const note = noteOf(error)
  const policy = policyOf(execution, options)
  return {
    decide: (state, deciding) => decideUnfit(state, execution, reason, note, policy, deciding),
    counts: 'failed',
  }
}

/** The handler threw, or was told to stop and did. */
export async function threw(
  execution: Execution,
  error: unknown,
  options: WorkerOptions,
): Promise<Settlement> {
  const why = execution.abortedBy
  if (why?.code === 'stopped') return released(execution)
  if (why?.code === 'cancelled') {
    return { decide: (state, deciding) => decideCancelled(state, execution, deciding) }
  }
  const cause = why?.code === 'timeout' && isAbort(error, why) ? why : error
  const [note, verdict] = [noteOf(cause), await judge(cause, options.connectivity)]
  const policy = policyOf(execution, options)
  return {
    decide: (state, deciding) => decideFailure(state, execution, note, verdict, policy, deciding),
    counts: 'failed',
  }
}

/** The job is given back. */
function released(execution: Execution): Settlement {
  return { decide: (state, deciding) => decideRelease(state, execution, deciding) }
}

/** The claim came to nothing: the handler cannot be called here, or not now. */
export function unclaimed(execution: Execution, waitMs: number): Settlement {
  return { decide: (state, deciding) => decideUnclaim(state, execution, waitMs, deciding) }
}

/** Whether a thrown value only says that the signal had aborted. */
function isAbort(error: unknown, reason: QueueError): boolean {
  return error === reason || (error instanceof Error && error.name === 'AbortError')
}

function policyOf({ kind }: Execution, { random }: WorkerOptions): FailurePolicy {
  return { retry: kind.retry, deadBlocks: kind.deadBlocks, random: random() }
}

/** Whom to tell what became of a settlement. */
export interface Told {
  /** It is committed, and the job stood so after; `undefined`: the lease was lost meanwhile. */
  settled(execution: Execution, settlement: Settlement, job: Job | undefined): void
  /** The queue was closed, its log cannot be used any more, or patience is over. */
  failed(execution: Execution, error: unknown): void
}

/**
 * Commits a settlement, however long the store takes to have it: the work was done, and must not be lost. Once
 * `patience` is aborted it is tried no more than once.
 */
export function commitSettlement(
  execution: Execution,
  settlement: Settlement,
  options: WorkerOptions,
  patience: AbortSignal,
  told: Told,
): void {
  options.replica.enter(new Settling(execution, settlement, options, patience, told))
}

/** Gives the job back; tries it no more than once when `patience` is over. */
export function commitRelease(
  execution: Execution,
  options: WorkerOptions,
  patience: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const told: Told = { settled: () => resolve(), failed: (_, error) => reject(error) }
    commitSettlement(execution, released(execution), options, patience, told)
  })
}

const plainly: SubmitOptions = {}

class Settling implements Submission {
  readonly options = plainly
  readonly #execution: Execution
  readonly #settlement: Settlement
  readonly #worker: WorkerOptions
  readonly #patience: AbortSignal
  readonly #told: Told
  #tries = 0

  constructor(
    execution: Execution,
    settlement: Settlement,
    worker: WorkerOptions,
    patience: AbortSignal,
    told: Told,
  ) {
    this.#execution = execution
    this.#settlement = settlement
    this.#worker = worker
    this.#patience = patience
    this.#told = told
  }

  decide(state: State, drafting: Drafting): Job | undefined {
    return settle(this.#execution, this.#settlement, this.#worker, state, drafting)
  }

  resolve(job: Job | undefined): void {
    this.#told.settled(this.#execution, this.#settlement, job)
  }

  reject(error: unknown): void {
    if (isQueueError(error, 'lease-lost')) this.resolve(undefined)
    else if (!isPassing(error) || this.#patience.aborted) this.#told.failed(this.#execution, error)
    else this.#tryAgain(error)
  }

  #tryAgain(error: unknown): void {
    const { id } = this.#execution
    const { warn, clock, replica } = this.#worker
    warn(`Cannot settle job "${id}" yet: the store refused it`, error, id)
    const waitMs = storeRetryMs[Math.min(this.#tries++, storeRetryMs.length - 1)] ?? 0
    pause(waitMs, clock, this.#patience, () => replica.enter(this))
  }
}

/** Calls back after so long, or when patience ends. */
function pause(ms: number, clock: Clock, patience: AbortSignal, over: () => void): void {
  const end = (): void => {
    cancel()
    patience.removeEventListener('abort', end)
    over()
  }
  const cancel = clock.setTimer(end, ms)
  patience.addEventListener('abort', end)
}

function settle(
  execution: Execution,
  settlement: Settlement,
  options: WorkerOptions,
  state: State,
  drafting: Drafting,
): Job | undefined {
  const { id, epoch, pending } = execution
  const beside = state.jobs.get(id)?.beside
  // How far it got counts, whatever the outcome.
  if (pending && holds(state, execution)) drafting.emit({ type: 'progressed', id, epoch, ...pending })
  settlement.decide(state, options.deciding(drafting))
  const job = state.jobs.get(id)
  if (beside !== undefined && job?.state === 'completed') drafting.drop(id)
  return job
}

function isPassing(error: unknown): boolean {
  const codes = ['store-failed', 'store-unavailable', 'quota-exceeded', 'outcome-unknown'] as const
  return codes.some((code) => isQueueError(error, code))
}
