import type { Missed, Position } from '../contract.ts'
import { logReplaced } from '../failures.ts'
import { askHead, headOf, missedOf, type Origin, readEntries } from './schema.ts'
import type { Step } from './step.ts'

/**
 * Reads the entries after a position, and the byes; `then` is called, in the transaction, with what was missed, and how
 * many keys were given since, to what came too late as well.
 */
export function missedSince(
  step: Step,
  after: Position,
  identity: string,
  then: (missed: Missed, passed: number) => void,
): void {
  const { base } = step.connection
  const head = askHead(step.store('meta'))
  const entries = readEntries(step.store('log'), base + after.seq)
  const byes = step.store('byes').getAllKeys()
  step.answered(byes, () => {
    const found = learn(step, head, identity)
    if (found.log !== after.log) throw logReplaced(identity)
    // The position is of the log that was only now heard of: what was asked for is not of it.
    if (found.base !== base) return missedSince(step, after, identity, then)
    then(missedOf(found, after.seq, { entries, byes: byes.result }, identity), entries.values.result.length)
  })
}

/** Notes which log there is. */
export function learn(
  { connection, drop }: Step,
  head: IDBRequest<unknown[]>,
  identity: string,
): Origin & { readonly mark: number } {
  const found = headOf(head, identity)
  if (found === undefined) {
    // Cleared behind the queue's back: whoever opens it next makes a new log.
    drop()
    throw logReplaced(identity)
  }
  connection.log = found.log
  connection.base = found.base
  return found
}
