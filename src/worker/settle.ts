import { isQueueError, type QueueError } from '../errors.ts'
import type { Deciding } from '../machine/decide.ts'
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
import type { Drafting } from '../replica/types.ts'
import type { Execution } from './execution.ts'
import { judge, noteOf } from './failure.ts'
import { encodeResult, snoozeMs } from './outcome.ts'
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
  const waitMs = snoozeMs(value)
  if (waitMs !== undefined) {
    return { decide: (state, deciding) => decideSnooze(state, execution, waitMs, deciding) }
  }
  const { text, refused } = encodeResult(value)
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
export function released(execution: Execution): Settlement {
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

/**
 * Commits a settlement, however long the store takes to have it: the work was done, and must not be lost. Once
 * `patience` is aborted it is tried no more than once.
 *
 * Resolves to the job as it stood after, or to `undefined` when the lease was lost meanwhile.
 *
 * @throws QueueError when the queue was closed, its log cannot be used any more, or patience is over.
 */
export async function commitSettlement(
  execution: Execution,
  settlement: Settlement,
  options: WorkerOptions,
  patience: AbortSignal,
): Promise<Job | undefined> {
  for (let tries = 0; ; tries++) {
    try {
      return await options.replica.submit((state, drafting) =>
        settle(execution, settlement, options, state, drafting),
      )
    } catch (error) {
      if (isQueueError(error, 'lease-lost')) return undefined
      if (!isPassing(error) || patience.aborted) throw error
      options.warn(`Cannot settle job "${execution.id}" yet: the store refused it`, error, execution.id)
      const waitMs = storeRetryMs[Math.min(tries, storeRetryMs.length - 1)] ?? 0
      await pause(waitMs, options, patience)
    }
  }
}

/** Resolves after so long, or when patience ends. */
function pause(ms: number, { clock }: WorkerOptions, patience: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      patience.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.setTimer(end, ms)
    patience.addEventListener('abort', end)
  })
}

function settle(
  execution: Execution,
  settlement: Settlement,
  options: WorkerOptions,
  state: State,
  { now, emit, drop }: Drafting,
): Job | undefined {
  const { id, epoch, pending } = execution
  const held = state.jobs.get(id)
  const beside = held?.beside
  // How far it got counts, whatever the outcome.
  if (pending && held?.state === 'running' && held.epoch === epoch) {
    emit({ type: 'progressed', id, epoch, ...pending })
  }
  settlement.decide(state, { now, emit, owner: options.owner, acks: options.wishes() })
  const job = state.jobs.get(id)
  if (beside !== undefined && job?.state === 'completed') drop(id)
  return job
}

function isPassing(error: unknown): boolean {
  const codes = ['store-failed', 'store-unavailable', 'quota-exceeded', 'outcome-unknown'] as const
  return codes.some((code) => isQueueError(error, code))
}
