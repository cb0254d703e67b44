import type { DBSchema, IDBPDatabase } from 'idb'
import type { Entry, Missed, Page, Snapshot } from '../contract.ts'
import { corruptStore, logBehind, logReplaced } from '../failures.ts'

/** Raised with any change of the layout below. */
export const version = 1

/**
 * One database per queue: erasing a queue is deleting its database, which no transaction of another queue holds up.
 *
 * Everything is `unknown` until it was looked at: another version, or a damaged disk, may have written it.
 */
export interface Schema extends DBSchema {
  /** Entries, keyed by a generator that truncation does not turn back: it is the compare of every append. */
  log: { key: number; value: unknown }
  pages: { key: string; value: unknown }
  payloads: { key: string; value: unknown }
  /** The names are the keys: only they matter. */
  byes: { key: string; value: unknown }
  meta: { key: MetaKey; value: unknown }
}

/** How much room is put by for when the origin is full. */
export const reserveBytes: number = 256 * 1024
const chunkBytes = 65_536

export type StoreName = 'log' | 'pages' | 'payloads' | 'byes' | 'meta'
export type MetaKey = 'log' | 'mark' | 'reserve'
export type Database = IDBPDatabase<Schema>

/** Makes the object stores of a new database. */
export function createStores(db: Database): void {
  // Without a key path: Chromium reads large entries back twice as fast when the key need not be put into them.
  db.createObjectStore('log', { autoIncrement: true })
  db.createObjectStore('pages', { keyPath: 'id' })
  db.createObjectStore('payloads')
  db.createObjectStore('byes')
  db.createObjectStore('meta')
}

/** Entries as they are read: bodies and keys apart. */
export interface RawEntries {
  readonly keys: IDBRequest<IDBValidKey[]>
  readonly values: IDBRequest<unknown[]>
}

export function readEntries(log: IDBObjectStore, range?: IDBKeyRange): RawEntries {
  return { values: log.getAll(range), keys: log.getAllKeys(range) }
}

/** What was read, checked to be the entries from `first` on, without a gap. */
function entriesFrom(first: number, { keys, values }: RawEntries, identity: string): Entry[] {
  return values.result.map((value, index) => {
    const seq = first + index
    if (keys.result[index] !== seq) throw corruptStore(identity, `entry ${seq} is missing`)
    const { id, body } = fields(value, identity, 'log')
    if (typeof id !== 'string' || typeof body !== 'string') {
      throw corruptStore(identity, `entry ${seq} is damaged`)
    }
    return { seq, id, body }
  })
}

function markOf(value: unknown, identity: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw corruptStore(identity, 'its mark is damaged')
  }
  return value
}

/** The raw results of a load, checked. */
export function snapshotOf(
  raw: {
    log: string
    mark: unknown
    pages: readonly unknown[]
    entries: RawEntries
    byes: readonly unknown[]
  },
  identity: string,
): Snapshot {
  const mark = markOf(raw.mark, identity)
  return {
    log: raw.log,
    mark,
    pages: raw.pages.map((value) => pageOf(value, identity)),
    entries: entriesFrom(mark + 1, raw.entries, identity),
    byes: raw.byes.map(String),
  }
}

function pageOf(value: unknown, identity: string): Page {
  const { id, body } = fields(value, identity, 'pages')
  if (typeof id !== 'string' || typeof body !== 'string') throw corruptStore(identity, 'a page is damaged')
  return { id, body }
}

function fields(value: unknown, identity: string, where: StoreName): Record<string, unknown> {
  if (typeof value !== 'object' || value === null)
    throw corruptStore(identity, `${where} holds something else`)
  return { ...value }
}

/** Asks for what {@link Missed} is made of. `result` may be called once `last` has answered. */
export function missedSince(
  step: { store(name: StoreName): IDBObjectStore },
  after: number,
  identity: string,
): Reading<Missed> {
  const mark = step.store('meta').get('mark')
  // With the entry at `after`, which proves that the position is one of this log.
  const entries = readEntries(step.store('log'), IDBKeyRange.lowerBound(after))
  const byes = step.store('byes').getAllKeys()
  const result = () => {
    const truncated = markOf(mark.result, identity)
    if (truncated > after) throw logBehind(identity, after, truncated)
    const skipped = truncated < after ? 1 : 0
    if (entries.values.result.length < skipped) throw logReplaced(identity)
    const all = entriesFrom(after + 1 - skipped, entries, identity)
    return { entries: all.slice(skipped), byes: byes.result.map(String) }
  }
  return { last: byes, result }
}

/** Requests that were made together. */
export interface Reading<T> {
  readonly last: IDBRequest<IDBValidKey[]>
  readonly result: () => T
}

/** Noise: engines compress what they store, and a record of zeros would keep no room free. */
export function newReserve(): ArrayBuffer {
  const buffer = new ArrayBuffer(reserveBytes)
  for (let start = 0; start < reserveBytes; start += chunkBytes) {
    crypto.getRandomValues(new Uint8Array(buffer, start, chunkBytes))
  }
  return buffer
}
