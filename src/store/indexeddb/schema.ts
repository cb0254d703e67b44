import type { DBSchema } from 'idb'
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
  /**
   * Entries, `{ id, body, key }`, by a generator that truncation does not turn back: it is the compare of every append.
   * `key` is the one that an entry was meant for. One that has another came too late, and counts for nothing.
   */
  log: { key: number; value: unknown }
  pages: { key: string; value: unknown }
  payloads: { key: string; value: unknown }
  /** The names are the keys: only they matter. Alike in every version: those that are too old still say theirs. */
  byes: { key: string; value: unknown }
  meta: { key: MetaKey; value: unknown }
}

/** How much room is put by for when the origin is full. */
export const reserveBytes: number = 256 * 1024
const chunkBytes = 65_536

export type StoreName = 'log' | 'pages' | 'payloads' | 'byes' | 'meta'
export const storeNames: readonly StoreName[] = ['log', 'pages', 'payloads', 'byes', 'meta']
/** In the order of the alphabet: `base` to `mark` are read at once. */
export type MetaKey = 'base' | 'log' | 'mark' | 'reserve'

/** Makes the object stores of a new database, or those that are not there yet in an application's. */
export function createStores(db: IDBDatabase, prefix = ''): void {
  for (const name of storeNames) {
    if (db.objectStoreNames.contains(prefix + name)) continue
    // The log without a key path: Chromium reads large entries back twice as fast when the key need not be put into them.
    db.createObjectStore(prefix + name, {
      ...(name === 'log' && { autoIncrement: true }),
      ...(name === 'pages' && { keyPath: 'id' }),
    })
  }
}

/** Which log the object stores hold, and the key that its generator gave before its first entry. */
export interface Origin {
  readonly log: string
  readonly base: number
}

/** Asks for a log's {@link Origin} and mark; {@link headOf} reads the answer. */
export function askHead(meta: IDBObjectStore): IDBRequest<unknown[]> {
  return meta.getAll(IDBKeyRange.bound('base', 'mark'))
}

/** `undefined` when there is no log. A database of its own has no base: its key generator begins at 1. */
export function headOf(
  { result }: IDBRequest<unknown[]>,
  identity: string,
): (Origin & { readonly mark: number }) | undefined {
  const [base, log, mark] = result.length < 3 ? [0, ...result] : result
  if (typeof log !== 'string') return undefined
  return { log, base: countOf(base, identity), mark: countOf(mark, identity) }
}

/** Entries as they are read: bodies and keys apart. */
export interface RawEntries {
  readonly keys: IDBRequest<IDBValidKey[]>
  readonly values: IDBRequest<unknown[]>
}

/** Asks for what comes after a key; and for that key itself, but not for what it stands for. */
export function readEntries(log: IDBObjectStore, after: number): RawEntries {
  return {
    values: log.getAll(IDBKeyRange.lowerBound(after, true)),
    keys: log.getAllKeys(IDBKeyRange.lowerBound(after)),
  }
}

/** What was read, checked to be all that was written after one; without what came too late for its `key`. */
function entriesAfter(after: number, base: number, { keys, values }: RawEntries, identity: string): Entry[] {
  const isThere = keys.result[0] === base + after ? 1 : 0
  return values.result.flatMap((value, index) => {
    const seq = after + 1 + index
    if (keys.result[isThere + index] !== base + seq) throw corruptStore(identity, `entry ${seq} is missing`)
    const { id, body, key } = fields(value, identity, 'log')
    if (typeof key !== 'number' || typeof id !== 'string' || typeof body !== 'string') {
      throw corruptStore(identity, `entry ${seq} is damaged`)
    }
    return key !== base + seq ? [] : { seq, id, body }
  })
}

function countOf(value: unknown, identity: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw corruptStore(identity, 'its mark is damaged')
  }
  return value
}

/** The raw results of a load, checked. */
export function snapshotOf(
  { log, base, mark }: Origin & { readonly mark: number },
  raw: {
    pages: readonly unknown[]
    entries: RawEntries
    byes: readonly unknown[]
  },
  identity: string,
): Snapshot {
  return {
    log,
    mark,
    pages: raw.pages.map((value) => pageOf(value, identity)),
    entries: entriesAfter(mark, base, raw.entries, identity),
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

/**
 * What was read of the log after `after`, whose own key proves that the position is one of it; unless the log was dropped
 * just up to there.
 */
export function missedOf(
  { base, mark }: Origin & { readonly mark: number },
  after: number,
  raw: { readonly entries: RawEntries; readonly byes: readonly unknown[] },
  identity: string,
): Missed {
  const [first] = raw.entries.keys.result
  const isThere = first === base + after
  if (!isThere && mark < after) throw logReplaced(identity)
  if (!isThere && mark > after && first !== base + after + 1) {
    throw logBehind(identity, after, typeof first === 'number' ? first - base - 1 : mark)
  }
  return { entries: entriesAfter(after, base, raw.entries, identity), byes: raw.byes.map(String) }
}

/** Noise: engines compress what they store, and a record of zeros would keep no room free. */
export function newReserve(): ArrayBuffer {
  const buffer = new ArrayBuffer(reserveBytes)
  for (let start = 0; start < reserveBytes; start += chunkBytes) {
    crypto.getRandomValues(new Uint8Array(buffer, start, chunkBytes))
  }
  return buffer
}
