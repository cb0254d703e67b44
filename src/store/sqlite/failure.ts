import { isQueueError, QueueError } from '../../errors.ts'
import { corruptStore } from '../failures.ts'

const codes = { BUSY: 5, LOCKED: 6, CORRUPT: 11, FULL: 13, NOTADB: 26 } as const

/** SQLite's primary result code, as Node, Deno, Bun and Durable Objects tell it. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  for (const key of ['errcode', 'errno']) {
    const value: unknown = Reflect.get(error, key)
    // The rest of an extended code tells what led to it.
    if (typeof value === 'number') return value & 0xff
  }
  // A Durable Object's errors have nothing but their text; it ends in the name.
  const text = 'code' in error ? `${String(error.code)} ${error.message}` : error.message
  const name = /SQLITE_([A-Z]+)/.exec(text)?.[1]
  return Object.entries(codes).find(([known]) => known === name)?.[1]
}

/** Another connection holds the lock: nothing was done. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error)
  return code === codes.BUSY || code === codes.LOCKED
}

/** What the caller gets for what was thrown in a transaction. */
export function failure(error: unknown, identity: string, uncertain: boolean): unknown {
  if (isQueueError(error)) return error
  const code = resultCode(error)
  if (code === codes.FULL) {
    const message = `Cannot write to the store ${identity}: the disk, or the database, is full`
    return new QueueError('quota-exceeded', message, { cause: error })
  }
  if (code === codes.CORRUPT || code === codes.NOTADB) {
    return corruptStore(identity, 'SQLite finds its file damaged', error)
  }
  const what = uncertain ? 'the commit was not answered' : 'the transaction failed'
  return new QueueError('store-failed', `Cannot use the store ${identity}: ${what}`, {
    cause: error,
    uncertain,
  })
}
