import { QueueError } from '../errors.ts'
import { FORMAT, type LogEntry, type LogEvent } from './events.ts'
import { State, type StateOptions } from './state.ts'
import type { Paged } from './table.ts'

/** An entry or page as a store keeps it. */
interface Kept {
  readonly id: string
  readonly body: string
}

/** The text of an entry. */
export function encodeEvents(at: number, events: readonly LogEvent[]): string {
  return JSON.stringify({ v: FORMAT, at, events })
}

/** Who wrote an entry, and as which of its entries. */
export function entryId(writer: string, counter: number): string {
  return `${writer}:${counter}`
}

/**
 * Reads an entry.
 *
 * @throws QueueError `store-corrupt`, or `version-ahead` for a newer format.
 */
export function decodeEntry(entry: Kept & { readonly seq: number }): LogEntry {
  const what = `entry ${entry.seq}`
  const { at, events } = parse(entry.body, what)
  const split = entry.id.lastIndexOf(':')
  const counter = Number(entry.id.slice(split + 1))
  if (typeof at !== 'number' || !Array.isArray(events) || !events.every(isEvent)) throw corrupt(what)
  if (split < 0 || !Number.isSafeInteger(counter)) throw corrupt(what)
  return { seq: entry.seq, writer: entry.id.slice(0, split), counter, at, events }
}

/** A page of the checkpoint, its rows as they are now; encoded when there is time for it. */
export interface PageDraft {
  readonly id: string
  readonly table: Paged
  readonly rows: readonly (readonly [string, unknown])[]
}

/** The pages that changed since the mark: a snapshot, since rows are immutable. */
export function changedPages(state: State, mark: number): PageDraft[] {
  return state.tables.flatMap((table) =>
    table.changedSince(mark).map((number) => {
      const id = `${table.name}/${number}`
      return { id, table, rows: table.page(number) }
    }),
  )
}

/** The text of a page; empty when it has no rows, which removes it. */
export function encodePage({ table, rows }: PageDraft): string {
  if (rows.length === 0) return ''
  return JSON.stringify({ v: FORMAT, rows: rows.map(([key, row]) => [key, table.toDisk(row)]) })
}

/**
 * A state from a snapshot of the store. `applied` is told each of its entries, which are decoded once.
 *
 * @throws QueueError `store-corrupt`, or `version-ahead` for a newer format.
 */
export function loadState(
  snapshot: {
    log: string
    mark: number
    pages: readonly Kept[]
    entries: readonly (Kept & { seq: number })[]
  },
  mono: number,
  options?: StateOptions,
  applied?: (entry: LogEntry) => void,
): State {
  const state = new State(options)
  state.mono = mono
  state.begin(snapshot.log, snapshot.mark)
  const tables = new Map(state.tables.map((table) => [table.name, table]))
  for (const page of inOrder(snapshot.pages)) loadPage(tables, page)
  for (const kept of snapshot.entries) {
    const entry = decodeEntry(kept)
    state.apply(entry)
    applied?.(entry)
  }
  return state
}

/** By their numbers: jobs then come in the order of their enqueueing. */
function inOrder(pages: readonly Kept[]): readonly Kept[] {
  const numberOf = ({ id }: Kept): number => Number(id.slice(id.indexOf('/') + 1))
  return [...pages].sort((a, b) => numberOf(a) - numberOf(b))
}

function loadPage(tables: ReadonlyMap<string, Paged>, page: Kept): void {
  const what = `page ${page.id}`
  const table = tables.get(page.id.slice(0, page.id.indexOf('/')))
  const { rows } = parse(page.body, what)
  if (table === undefined || !Array.isArray(rows)) throw corrupt(what)
  for (const row of rows) {
    if (!Array.isArray(row) || typeof row[0] !== 'string' || !table.restore(row[0], row[1])) {
      throw corrupt(what)
    }
  }
}

function parse(body: string, what: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (cause) {
    throw corrupt(what, cause)
  }
  if (!isObject(value) || !('v' in value) || typeof value.v !== 'number') throw corrupt(what)
  const { v } = value
  if (v > FORMAT) {
    const have = `format ${v}, and this version of the library reads up to ${FORMAT}`
    throw new QueueError('version-ahead', `Cannot read the log: ${what} has ${have}; reload the application`)
  }
  return { ...value }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

// Of which type the fold knows; what a known one holds was checked by whoever wrote it.
function isEvent(value: unknown): value is LogEvent {
  return isObject(value) && 'type' in value && typeof value.type === 'string'
}

function corrupt(what: string, cause?: unknown): QueueError {
  return new QueueError('store-corrupt', `Cannot read the log: ${what} is not as it was written`, { cause })
}
