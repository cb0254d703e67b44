import { isQueueError } from '../errors.ts'
import type { Execution } from './execution.ts'
import { fitsAsIs, handlerPayload, inlinePayload, storedPayload } from './payload.ts'
import { returned, type Settlement, threw, unclaimed, unfit } from './settle.ts'
import type { WorkerOptions } from './types.ts'

/** How long a job is left to contexts that know its payload's version (milliseconds). */
const newerMs = 60_000

/** How long a job waits whose payload the store could not give (milliseconds). */
const unreadableMs = 1_000

/** Told once how an attempt ended. */
export interface Ending {
  /** How it is to be written. */
  over(execution: Execution, settlement: Settlement): void
  /** That cannot be said: the handler threw what cannot be looked at, or a function of the application's threw. */
  failed(execution: Execution, error: unknown): void
}

/** Runs the handler. Most jobs are ready to be run: for those no promise is made but the handler's. */
export function attempt(execution: Execution, options: WorkerOptions, ending: Ending): void {
  const { job, kind } = execution
  if (kind.isDone === undefined && fitsAsIs(job, kind)) runNow(execution, options, ending)
  else end(execution, prepareAndRun(execution, options), ending)
}

function runNow(execution: Execution, options: WorkerOptions, ending: Ending): void {
  const { job, kind } = execution
  const fail = (error: unknown): void => end(execution, threw(execution, error, options), ending)
  const settle = (value: unknown): void => ending.over(execution, returned(execution, value, options))
  let value: unknown
  let isPromised: boolean
  execution.startClocks()
  try {
    execution.assertHeld()
    value = kind.run?.(inlinePayload(job), execution.context())
    isPromised = isThenable(value)
  } catch (error) {
    fail(error)
    return
  }
  if (isPromised) Promise.resolve(value).then(settle, fail)
  else settle(value)
}

function end(execution: Execution, settling: Promise<Settlement>, ending: Ending): void {
  settling.then(
    (settlement) => ending.over(execution, settlement),
    (error: unknown) => ending.failed(execution, error),
  )
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && 'then' in value
}

async function prepareAndRun(execution: Execution, options: WorkerOptions): Promise<Settlement> {
  const { job, kind } = execution
  let stored: unknown
  try {
    stored = await storedPayload(job, options.replica)
  } catch (error) {
    options.warn(`Cannot read the payload of job "${job.id}"`, error, job.id)
    // Gone for good, as the store says: no try would find it.
    if (isQueueError(error, 'store-corrupt'))
      return unfit(execution, { reason: 'payload-invalid', error }, options)
    return unclaimed(execution, unreadableMs)
  }
  const version = job.version ?? 1
  if (version > kind.version) {
    const known = `this context knows version ${kind.version}`
    options.warn(
      `Cannot run job "${job.id}": its payload is of version ${version}, ${known}`,
      undefined,
      job.id,
    )
    return unclaimed(execution, newerMs)
  }
  return run(execution, stored, options)
}

async function run(execution: Execution, stored: unknown, options: WorkerOptions): Promise<Settlement> {
  const { job, kind } = execution
  execution.startClocks()
  try {
    const fitted = await handlerPayload(stored, job, kind)
    if ('unfit' in fitted) return unfit(execution, fitted.unfit, options)
    const context = execution.context()
    execution.assertHeld()
    if (kind.isDone) {
      if (await kind.isDone(fitted.payload, context)) return returned(execution, undefined, options)
      execution.assertHeld()
    }
    return returned(execution, await kind.run?.(fitted.payload, context), options)
  } catch (error) {
    return threw(execution, error, options)
  }
}
