import type { Dead, Retried } from '../../machine/events.ts'
import { maxAttempts } from './kinds.ts'
import type { Ledger } from './ledger.ts'
import type { Model } from './model.ts'
import { must, show } from './violation.ts'

interface Accounts {
  readonly model: Model
  readonly ledger: Ledger
}

const counters = '4: counters are exact'

/** Tried again is what has errors left, dead of them what has none. */
export function judgeErrors(event: Retried | Dead, { model }: Accounts): void {
  const { kind, errors } = model.job(event.id)
  const left = (maxAttempts[kind] ?? 0) - errors - (event.error?.charged ? 1 : 0)
  const isRight = event.type === 'dead' ? left <= 0 : left > 0 || !event.error.charged
  must(isRight, counters, () => `${show(event)} with ${left} errors left`)
}

/** A hold charges its opener, and nobody else. */
export function judgeCharge(id: string, charged: boolean, { model, ledger }: Accounts): void {
  const held = model.job(id)
  const hold = model.holdOf(held)
  const how = ledger.outcomeOf(id, held.epoch)
  if (how?.type !== 'threw') return
  // Whether the connection turned out to work, only the worker knows.
  if (how.how === 'no-response' && hold?.owesCharge !== true) return
  const isHeldUp = how.how === 'held' || how.how === 'unauthorized' || how.how === 'no-response'
  const expected = !isHeldUp || hold === undefined || hold.owesCharge
  if (hold && isHeldUp) hold.owesCharge = false
  const text = (): string => `job ${id}, which failed by ${how.how}, is ${charged ? '' : 'not '}charged`
  must(charged === expected, counters, text)
}
