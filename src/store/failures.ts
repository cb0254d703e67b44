import { QueueError } from '../errors.ts'
import type { Draft, Store } from './contract.ts'

/** What every method of a closed handle fails with. */
export function closedStore(identity: string): QueueError {
  return new QueueError('closed', `Cannot use the store ${identity}: this handle is closed`)
}

/** The position is of a log that is no more, or ahead of the one there is. */
export function logReplaced(identity: string): QueueError {
  return new QueueError('log-replaced', `Cannot go on in the store ${identity}: its log was made anew`)
}

/** Entries after the position were truncated. */
export function logBehind(identity: string, after: number, floor: number): QueueError {
  const where = `the log is dropped up to ${floor}, the position is ${after}`
  return new QueueError('log-behind', `Cannot read on in the store ${identity}: ${where}`)
}

/** What was read is not what was written. */
export function corruptStore(identity: string, what: string, cause?: unknown): QueueError {
  return new QueueError('store-corrupt', `Cannot read the store ${identity}: ${what}`, { cause })
}

/**
 * The draft, if the store can hold its entry.
 *
 * @throws RangeError when the body is longer than `maxEntryBytes`.
 */
export function storable(draft: Draft | undefined, store: Pick<Store, 'maxEntryBytes'>): Draft | undefined {
  if (draft !== undefined && draft.body.length > store.maxEntryBytes) {
    throw new RangeError(
      `Cannot append an entry: its body is ${draft.body.length} code units long, more than ${store.maxEntryBytes}`,
    )
  }
  return draft
}

/** An error's name, which is all that tells one DOMException from another. */
export function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : ''
}
