import type { CommitOptions, Decide, Draft, Missed, Position, Store } from '../contract.ts'
import { storable } from '../failures.ts'
import type { Connection } from './connection.ts'
import { addEntry, type Head, headAt, missedSince, type Target } from './log.ts'
import { createPacker, dropPayload, type PackedPut, type Packer, putPayload } from './payloads.ts'
import type { Transactions } from './transaction.ts'

/** What an append works with. */
export interface Appender extends Target {
  readonly transactions: Transactions
  readonly limits: Pick<Store, 'maxEntryBytes'>
}

const nothing: Missed = { entries: [], byes: [] }
/** Thrown to undo a transaction whose reason the attempt keeps. */
const undone = Symbol('undone')

/** `commit` of the contract, but for the hint. */
export async function append(
  appender: Appender,
  after: Position,
  decide: Decide,
  { fresh = false }: CommitOptions,
): Promise<number | undefined> {
  const attempt: Attempt = { ...appender, after, decide, packer: createPacker(), seen: after.seq }
  if (fresh) return appendDecided(attempt, undefined)
  const draft = storable(decide(nothing), appender.limits)
  if (draft === undefined) return undefined
  const { packer } = attempt
  // Awaited only where there is something to read.
  const unread = packer.unread(draft)
  if (unread.length > 0) await packer.read(unread)
  return appendDecided(attempt, { draft, puts: packer.pack(draft) })
}

interface Attempt extends Appender {
  readonly after: Position
  readonly decide: Decide
  readonly packer: Packer
  /** Up to where `decide` was told. */
  seen: number
  /** Why the transaction was undone on this side. */
  stopped?: Stop | undefined
}

type Stop = { readonly thrown: unknown } | { readonly unread: readonly Blob[] }

interface Packed {
  readonly draft: Draft
  readonly puts: readonly PackedPut[]
}

/** Until a transaction has what it needs: as good as always the first. */
async function appendDecided(attempt: Attempt, packed: Packed | undefined): Promise<number | undefined> {
  try {
    return await appendOnce(attempt, packed)
  } catch (error) {
    const { stopped } = attempt
    if (stopped === undefined) throw error
    if ('thrown' in stopped) throw stopped.thrown
    attempt.stopped = undefined
    await attempt.packer.read(stopped.unread)
    return appendDecided(attempt, undefined)
  }
}

/** Appends what was decided at the head; or reads, decides and appends. No other append can come between. */
function appendOnce(attempt: Attempt, optimistic: Packed | undefined): Promise<number | undefined> {
  const { transactions, after, identity } = attempt
  let packed = optimistic
  const work = (connection: Connection): number | undefined => {
    const head = headAt(connection, after, attempt)
    if (packed === undefined || attempt.seen < head.head) {
      const missed = missedSince(connection, head, attempt.seen, identity)
      attempt.seen = head.head
      packed = decideOn(attempt, missed)
    }
    return packed && write(connection, head, packed)
  }
  return transactions.write(work, () => packed?.draft.durability ?? 'relaxed')
}

function decideOn(attempt: Attempt, missed: Missed): Packed | undefined {
  const { decide, packer, limits } = attempt
  attempt.stopped = undefined
  try {
    const draft = storable(decide(missed), limits)
    if (draft === undefined) return undefined
    const unread = packer.unread(draft)
    if (unread.length === 0) return { draft, puts: packer.pack(draft) }
    attempt.stopped = { unread }
  } catch (thrown) {
    attempt.stopped = { thrown }
  }
  throw undone
}

function write(connection: Connection, head: Head, { draft, puts }: Packed): number {
  for (const put of puts) putPayload(connection, head.queue, put)
  for (const id of draft.delete ?? []) dropPayload(connection, head.queue, id)
  return addEntry(connection, head, draft)
}
