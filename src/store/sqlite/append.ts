import type { CommitOptions, Decide, Draft, Durability, Missed, Position, Store } from '../contract.ts'
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
  if (fresh) return appendDecided(attempt, 'strict', undefined)
  const draft = storable(decide(nothing), appender.limits)
  if (draft === undefined) return undefined
  const { packer } = attempt
  // Awaited only where there is something to read.
  const unread = packer.unread(draft)
  if (unread.length > 0) await packer.read(unread)
  return appendDecided(attempt, draft.durability, { draft, puts: packer.pack(draft) })
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

type Stop =
  | { readonly thrown: unknown }
  | { readonly unread: readonly Blob[] }
  | { readonly wants: Durability }

interface Packed {
  readonly draft: Draft
  readonly puts: readonly PackedPut[]
}

/** Until a transaction has what it needs: as good as always the first. */
async function appendDecided(
  attempt: Attempt,
  durability: Durability,
  packed: Packed | undefined,
): Promise<number | undefined> {
  try {
    return await appendOnce(attempt, durability, packed)
  } catch (error) {
    const { stopped } = attempt
    if (stopped === undefined) throw error
    if ('thrown' in stopped) throw stopped.thrown
    attempt.stopped = undefined
    if ('unread' in stopped) await attempt.packer.read(stopped.unread)
    return appendDecided(attempt, 'wants' in stopped ? stopped.wants : durability, undefined)
  }
}

/** Appends what was decided at `after`; or reads, decides and appends. No other append can come between. */
function appendOnce(
  attempt: Attempt,
  durability: Durability,
  packed: Packed | undefined,
): Promise<number | undefined> {
  const { transactions, after, identity } = attempt
  return transactions.write(durability, (connection) => {
    const head = headAt(connection, after, attempt)
    if (packed && attempt.seen === after.seq && head.head === after.seq)
      return write(connection, head, packed)
    const missed = missedSince(connection, head, attempt.seen, identity)
    attempt.seen = head.head
    const decided = decideOn(attempt, missed, durability)
    return decided && write(connection, head, decided)
  })
}

function decideOn(attempt: Attempt, missed: Missed, durability: Durability): Packed | undefined {
  const { decide, packer, limits } = attempt
  attempt.stopped = undefined
  try {
    const draft = storable(decide(missed), limits)
    if (draft === undefined) return undefined
    const unread = packer.unread(draft)
    if (unread.length > 0) attempt.stopped = { unread }
    // The transaction has begun as a relaxed one, which cannot be changed.
    else if (draft.durability === 'strict' && durability === 'relaxed') attempt.stopped = { wants: 'strict' }
    else return { draft, puts: packer.pack(draft) }
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
