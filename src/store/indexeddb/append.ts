import { isQueueError, QueueError } from '../../errors.ts'
import type {
  CommitOptions,
  Decide,
  Draft,
  Joined,
  Missed,
  PayloadPut,
  Position,
  Store,
} from '../contract.ts'
import { corruptStore, nameOf, storable } from '../failures.ts'
import type { Blobs } from './blobs.ts'
import { hold } from './hold.ts'
import { missedSince } from './missed.ts'
import type { StoreName } from './schema.ts'
import type { Step } from './step.ts'
import type { Run } from './transaction.ts'

/** What an append works with. */
export interface Appender {
  readonly run: Run
  readonly blobs: Blobs
  readonly limits: Pick<Store, 'identity' | 'maxEntryBytes'>
}

export const nothing: Missed = { entries: [], byes: [] }
const refused = Symbol('somebody else appended first')

/** `commit` and `join` of the contract, but for the hint and the reserve. */
export async function append(
  appender: Appender,
  after: Position,
  decide: Decide,
  { fresh = false, relaxed = false, joined }: CommitOptions & { readonly joined?: Joined },
): Promise<number | undefined> {
  const begun = { seen: after.seq, draft: undefined, putFailed: false }
  const attempt: Attempt = { ...appender, after, decide, relaxed, joined, ...begun }
  let optimistic = !fresh && !joined
  if (optimistic) {
    attempt.draft = storable(decide(nothing), appender.limits)
    if (attempt.draft === undefined) return undefined
  }
  for (;;) {
    try {
      return optimistic && attempt.draft ? await appendAt(attempt, attempt.draft) : await appendFresh(attempt)
    } catch (error) {
      if (error === refused) optimistic = false
      else if (!attempt.putFailed || joined || !(await appender.blobs.convert(attempt.draft?.put)))
        throw error
      attempt.putFailed = false
    }
  }
}

interface Attempt extends Appender {
  readonly after: Position
  readonly decide: Decide
  readonly relaxed: boolean
  readonly joined: Joined | undefined
  /** Up to where `decide` was told. */
  seen: number
  draft: Draft | undefined
  putFailed: boolean
}

/** One request beside the payloads: the sequence that the key generator gives is the compare. */
function appendAt(attempt: Attempt, draft: Draft): Promise<number> {
  const { run, after } = attempt
  const stores: StoreName[] = ['log']
  if (draft.put?.length || draft.delete?.length) stores.push('payloads')
  if (draft.forget?.length) stores.push('byes')
  return run({ stores, mode: 'readwrite', durability: draft.durability }, (step) => {
    // Whichever of the two is out of date: the second step reads what there is.
    if (step.connection.log !== after.log) throw refused
    const seq = after.seq + 1
    write(step, attempt, draft, (key) => {
      if (key === step.connection.base + seq) step.commit()
      else step.abort(refused)
    })
    return () => seq
  })
}

/** Reads, decides and appends in one transaction, which no other append can come between. */
function appendFresh(attempt: Attempt): Promise<number | undefined> {
  const { run, after, decide, limits, relaxed, joined } = attempt
  const { identity } = limits
  const stores: StoreName[] = ['log', 'byes', 'meta', 'payloads']
  const also = joined && { also: joined.stores }
  // What the draft will say is not known yet.
  const durability = relaxed ? 'relaxed' : 'strict'
  return run({ stores, mode: 'readwrite', durability, ...also }, (step) => {
    let seq: number | undefined
    const finish = (missed: Missed) => {
      attempt.seen += missed.entries.length
      attempt.draft = storable(decide(missed), limits)
      if (attempt.draft === undefined) return step.commit()
      const next = attempt.seen + 1
      seq = next
      // Nobody can have come between. What is alone in the transaction need not be looked at before it is committed.
      const isAlone = !joined && isEntryAlone(attempt.draft)
      write(step, attempt, attempt.draft, (key) => {
        if (key !== step.connection.base + next)
          step.abort(corruptStore(identity, 'its key generator left a gap', undefined, isAlone))
        else if (!isAlone) step.commit()
      })
      if (isAlone) step.commit()
    }
    // Read first: what cannot be read any more is found out before the work is done, which is never done twice.
    missedSince(step, { ...after, seq: attempt.seen }, identity, (missed) =>
      joined ? hold(step, joined, () => finish(missed)) : finish(missed),
    )
    return () => seq
  })
}

function isEntryAlone({ put, delete: drop, forget }: Draft): boolean {
  return !put?.length && !drop?.length && !forget?.length
}

/** `added` is told the key that the entry was given. */
function write(step: Step, attempt: Attempt, draft: Draft, added: (key: IDBValidKey) => void): void {
  // Before the entry: after commit(), Firefox completes a transaction of which a request failed.
  for (const put of draft.put ?? []) putPayload(step, attempt, put)
  for (const id of draft.delete ?? []) step.store('payloads').delete(id)
  for (const worker of draft.forget ?? []) step.store('byes').delete(worker)
  // Read from the request: what the transaction's error is after abort() differs by engine.
  step.answered(step.store('log').add({ id: draft.id, body: draft.body }), added)
}

function putPayload(step: Step, attempt: Attempt, { id, value }: PayloadPut): void {
  try {
    const request = step.store('payloads').put(attempt.blobs.pack(value), id)
    request.onerror = () => {
      attempt.putFailed ||= !['AbortError', 'QuotaExceededError'].includes(nameOf(request.error))
    }
  } catch (cause) {
    attempt.putFailed = true
    throw isQueueError(cause)
      ? cause
      : new QueueError('store-failed', `Cannot store the payload ${id}`, { cause })
  }
}
