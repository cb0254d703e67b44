import { isQueueError, QueueError } from '../../errors.ts'
import type { CommitOptions, Decide, Draft, Missed, PayloadPut, Position, Store } from '../contract.ts'
import { corruptStore, logReplaced, nameOf, storable } from '../failures.ts'
import type { Blobs } from './blobs.ts'
import { missedSince, type StoreName } from './schema.ts'
import type { Run, Step } from './transaction.ts'

/** What an append works with. */
export interface Appender {
  readonly run: Run
  readonly blobs: Blobs
  readonly limits: Pick<Store, 'identity' | 'maxEntryBytes'>
}

const nothing: Missed = { entries: [], byes: [] }
const refused = Symbol('somebody else appended first')

/** `commit` of the contract, but for the hint and the reserve. */
export async function append(
  appender: Appender,
  after: Position,
  decide: Decide,
  { fresh = false }: CommitOptions,
): Promise<number | undefined> {
  const attempt: Attempt = { ...appender, after, decide, seen: after.seq, draft: undefined, putFailed: false }
  let optimistic = !fresh
  if (optimistic) {
    attempt.draft = storable(decide(nothing), appender.limits)
    if (attempt.draft === undefined) return undefined
  }
  for (;;) {
    try {
      return optimistic && attempt.draft ? await appendAt(attempt, attempt.draft) : await appendFresh(attempt)
    } catch (error) {
      if (error === refused) optimistic = false
      else if (!attempt.putFailed || !(await appender.blobs.convert(attempt.draft?.put))) throw error
      attempt.putFailed = false
    }
  }
}

interface Attempt extends Appender {
  readonly after: Position
  readonly decide: Decide
  /** Up to where `decide` was told. */
  seen: number
  draft: Draft | undefined
  putFailed: boolean
}

/** One request beside the payloads: the sequence that the key generator gives is the compare. */
function appendAt(attempt: Attempt, draft: Draft): Promise<number> {
  const { run, after, limits } = attempt
  const stores: StoreName[] = ['log']
  if (draft.put?.length || draft.delete?.length) stores.push('payloads')
  if (draft.forget?.length) stores.push('byes')
  return run({ stores, mode: 'readwrite', durability: draft.durability }, (step) => {
    if (step.log !== after.log) throw logReplaced(limits.identity)
    write(step, attempt, draft, after.seq + 1, refused)
    return () => after.seq + 1
  })
}

/** Reads, decides and appends in one transaction, which no other append can come between. */
function appendFresh(attempt: Attempt): Promise<number | undefined> {
  const { run, after, decide, limits } = attempt
  const { identity } = limits
  const stores: StoreName[] = ['log', 'byes', 'meta', 'payloads']
  // Strict whatever the draft will say, since it is not drafted yet.
  return run({ stores, mode: 'readwrite', durability: 'strict' }, (step) => {
    if (step.log !== after.log) throw logReplaced(identity)
    let seq: number | undefined
    const read = missedSince(step, attempt.seen, identity)
    step.answered(read.last, () => {
      const missed = read.result()
      attempt.seen += missed.entries.length
      attempt.draft = storable(decide(missed), limits)
      if (attempt.draft === undefined) return step.commit()
      seq = attempt.seen + 1
      write(step, attempt, attempt.draft, seq, corruptStore(identity, 'its key generator left a gap'))
    })
    return () => seq
  })
}

function write(step: Step, attempt: Attempt, draft: Draft, seq: number, otherwise: unknown): void {
  // Before the entry: after commit(), Firefox completes a transaction of which a request failed.
  for (const put of draft.put ?? []) putPayload(step, attempt, put)
  for (const id of draft.delete ?? []) step.store('payloads').delete(id)
  for (const worker of draft.forget ?? []) step.store('byes').delete(worker)
  // Read from the request: what the transaction's error is after abort() differs by engine.
  step.answered(step.store('log').add({ id: draft.id, body: draft.body }), (key) => {
    if (key === seq) step.commit()
    else step.abort(otherwise)
  })
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
