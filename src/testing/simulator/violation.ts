import type { LogEvent } from '../../machine/events.ts'

/** Something that must hold, always, did not. */
export class Violation extends Error {
  override readonly name = 'Violation'
  /** Which of the invariants, in words. */
  readonly invariant: Invariant

  constructor(invariant: Invariant, message: string, options?: ErrorOptions) {
    super(message, options)
    this.invariant = invariant
  }
}

/** What the simulator's oracle checks. */
export type Invariant =
  | '1: no resolved enqueue is lost'
  | '2: one live epoch, no stale write'
  | '3: one key, one at a time, in order'
  | '4: counters are exact'
  | '5: acknowledgements have no gap and no repeat'
  | '6: any way of folding gives the same state'
  | '7: it goes on, or says why not'
  | 'limits are kept'
  | 'nothing runs before its time, or out of turn'
  | 'payloads are kept as long as they are wanted'
  | 'what a caller was told is true'

/** Throws unless the condition holds. */
export function must(condition: boolean, invariant: Invariant, message: () => string): asserts condition {
  if (!condition) throw new Violation(invariant, message())
}

/** An event, to be quoted. */
export function show(event: LogEvent): string {
  return `"${JSON.stringify(event)}"`
}
