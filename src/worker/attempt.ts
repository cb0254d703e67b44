import { isQueueError } from '../errors.ts'
import type { Execution } from './execution.ts'
import { fitsAsIs, handlerPayload, inlinePayload, storedPayload } from './payload.ts'
import { returned, type Settlement, threw, unclaimed, unfit } from './settle.ts'
import type { WorkerOptions } from './types.ts'

/** How long a job is left to contexts that know its payload's version (milliseconds). */
const newerMs = 60_000

/** How long a job waits whose payload the store could not give (milliseconds). */
const unreadableMs = 1_000

/** Runs the handler. Never rejects. */
export async function attempt(execution: Execution, options: WorkerOptions): Promise<Settlement> {
  const { job, kind } = execution
  let stored: unknown
  try {
    stored = job.beside === undefined ? inlinePayload(job) : await storedPayload(job, options.replica)
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
    let payload = stored
    if (!fitsAsIs(job, kind)) {
      const fitted = await handlerPayload(stored, job, kind)
      if ('unfit' in fitted) return unfit(execution, fitted.unfit, options)
      payload = fitted.payload
    }
    const context = execution.context()
    execution.assertHeld()
    if (kind.isDone) {
      if (await kind.isDone(payload, context)) return returned(execution, undefined, options)
      execution.assertHeld()
    }
    return returned(execution, await kind.run?.(payload, context), options)
  } catch (error) {
    return threw(execution, error, options)
  }
}
