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
import { corruptStore, logReplaced, nameOf, storable } from '../failures.ts'
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
      if (error === refused) {
        // Nobody came between what was read and what was appended in one step.
        if (!optimistic) throw corruptStore(appender.limits.identity, 'its last entry is missing')
        optimistic = false
      } else if (!attempt.putFailed || joined || !(await appender.blobs.convert(attempt.draft?.put)))
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

/** No request but the draft's own: what comes back says whether it was level with the log. */
function appendAt(attempt: Attempt, draft: Draft): Promise<number> {
  const { run, after } = attempt
  const stores: StoreName[] = ['log']
  if (draft.put?.length || draft.delete?.length) stores.push('payloads')
  if (draft.forget?.length) stores.push('byes')
  return run({ stores, mode: 'readwrite', durability: draft.durability }, (step) => {
    // Whichever of the two is out of date: the second step reads what there is.
    if (step.connection.log !== after.log) throw refused
    write(step, attempt, draft, after.seq + 1)
    return () => after.seq + 1
  })
}

/** Reads, decides and appends in one transaction, which no other append can come between. */
function appendFresh(attempt: Attempt): Promise<number | undefined> {
  const { run, after, decide, limits, relaxed, joined } = attempt
  const { identity } = limits
  const stores: StoreName[] = ['meta', 'log', 'byes', 'payloads']
  const also = joined && { also: joined.stores }
  // What the draft will say is not known yet.
  const durability = relaxed ? 'relaxed' : 'strict'
  return run({ stores, mode: 'readwrite', durability, ...also }, (step) => {
    let seq: number | undefined
    const finish = (missed: Missed, passed: number) => {
      attempt.seen += passed
      attempt.draft = storable(decide(missed), limits)
      if (attempt.draft === undefined) return step.commit()
      seq = attempt.seen + 1
      write(step, attempt, attempt.draft, seq)
    }
    // Read first: what cannot be read any more is found out before the work is done, which is never done twice.
    missedSince(step, { ...after, seq: attempt.seen }, identity, (missed, passed) => {
      if (joined) hold(step, joined, () => finish(missed, passed))
      else finish(missed, passed)
    })
    return () => seq
  })
}

/**
 * The key that the generator gives is the compare. A small entry that is alone in its transaction is committed before it is
 * known, in one breath: where it came too late, all readers see by its `key` that it counts for nothing. The rest is
 * committed once the key is known to be right, and otherwise never: of a large one, all would be written twice.
 */
function write(step: Step, attempt: Attempt, draft: Draft, seq: number): void {
  // Before the entry: after commit(), Firefox completes a transaction of which a request failed.
  for (const put of draft.put ?? []) putPayload(step, attempt, put)
  for (const id of draft.delete ?? []) step.store('payloads').delete(id)
  for (const worker of draft.forget ?? []) step.store('byes').delete(worker)
  const isBlind = isAlone(draft) && !attempt.joined && draft.body.length < 100_000
  const key = step.connection.base + seq
  // Read from the request: what the transaction's error is after abort() differs by engine.
  step.answered(
    step.store('log').add({ id: draft.id, body: draft.body, key }) as IDBRequest<number>,
    (given) => {
      // The log's end was lost when the browser crashed.
      if (given < key) throw logReplaced(attempt.limits.identity)
      if (given !== key) throw refused
      if (!isBlind) step.commit()
    },
  )
  if (isBlind) step.commit()
}

function isAlone({ put, delete: drop, forget }: Draft): boolean {
  return !put?.length && !drop?.length && !forget?.length
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
