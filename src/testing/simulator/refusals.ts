import { QueueError } from '../../errors.ts'
import type { Draft } from '../../store/contract.ts'

/** A call that went wrong; `uncertain`: it may have been done. */
export function failed(what: string, uncertain: boolean): QueueError {
  const how = uncertain ? 'no answer came' : 'it failed'
  return new QueueError('store-failed', `Cannot go on with ${what}: ${how}`, { uncertain })
}

/** Whether a draft brings new bytes in. */
export function grows({ body, put = [] }: Draft): boolean {
  return put.length > 0 || body.includes('"type":"enqueued"') || body.includes('"type":"revised"')
}

export function full(): QueueError {
  return new QueueError('quota-exceeded', 'Cannot append: the simulated origin is full')
}
