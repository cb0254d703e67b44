import { type Journal, note, type Undoes } from './journal.ts'

/** A table as the checkpoint sees it. */
export interface Paged {
  readonly name: string
  /** The numbers of the pages that changed after `mark`. */
  changedSince(mark: number): number[]
  /** The numbers of the pages that hold rows, ascending. */
  pageNumbers(): number[]
  /** A page's rows: immutable, so a list of them is a snapshot. */
  page(number: number): [string, unknown][]
  /** Puts back a row that a checkpoint kept. */
  restore(key: string, row: unknown): void
}

/** Told of each row's change, to keep what is derived from rows level. */
export type Watch<Row> = (before: Row | undefined, after: Row | undefined, key: string) => void

/**
 * Rows by key, in pages for the checkpoint. Every change of the state goes through {@link put}: so one mechanism
 * keeps the derived indexes, the dirty pages and the undo of a speculation.
 */
export class Table<Row> implements Paged, Undoes {
  readonly name: string
  readonly #journal: Journal
  readonly #pageOf: (key: string, row: Row) => number
  readonly #watch: Watch<Row> | undefined
  readonly #stored: (row: Row) => Row
  readonly #rows: Map<string, Row> = new Map()
  readonly #pages: Map<number, Map<string, Row>> = new Map()
  /** By page: the last sequence that changed it. */
  readonly #changed: Map<number, number> = new Map()

  /** `stored` gives a row that a checkpoint kept the shape of the others. */
  constructor(
    name: string,
    journal: Journal,
    pageOf: (key: string, row: Row) => number,
    watch?: Watch<Row>,
    stored: (row: Row) => Row = (row) => row,
  ) {
    this.name = name
    this.#journal = journal
    this.#pageOf = pageOf
    this.#watch = watch
    this.#stored = stored
  }

  get size(): number {
    return this.#rows.size
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key)
  }

  values(): IterableIterator<Row> {
    return this.#rows.values()
  }

  entries(): IterableIterator<[string, Row]> {
    return this.#rows.entries()
  }

  /** Sets, replaces or (with `undefined`) deletes a row. */
  put(key: string, after: Row | undefined): void {
    const before = this.#rows.get(key)
    if (before === after) return
    const page = this.#pageOf(key, (after ?? before) as Row)
    const { undo, seq } = this.#journal
    if (undo) note(undo, this, key, before, this.#changed.get(page))
    this.#changed.set(page, seq)
    this.#set(key, page, before, after)
  }

  /** Puts a row back, and `changed`: which sequence had last changed its page. */
  undo(key: string, before: unknown, changed: number | undefined): void {
    const after = this.#rows.get(key)
    const page = this.#pageOf(key, (after ?? before) as Row)
    this.#set(key, page, after, before as Row | undefined)
    if (changed === undefined) this.#changed.delete(page)
    else this.#changed.set(page, changed)
  }

  restore(key: string, row: unknown): void {
    this.put(key, this.#stored(row as Row))
  }

  changedSince(mark: number): number[] {
    const pages: number[] = []
    for (const [page, seq] of this.#changed) if (seq > mark) pages.push(page)
    return pages
  }

  pageNumbers(): number[] {
    return [...this.#pages.keys()].sort((a, b) => a - b)
  }

  page(number: number): [string, Row][] {
    return [...(this.#pages.get(number) ?? [])]
  }

  #set(key: string, page: number, before: Row | undefined, after: Row | undefined): void {
    const rows = this.#pageAt(page)
    if (after === undefined) {
      this.#rows.delete(key)
      rows.delete(key)
      if (rows.size === 0) this.#pages.delete(page)
    } else {
      this.#rows.set(key, after)
      rows.set(key, after)
    }
    this.#watch?.(before, after, key)
  }

  #pageAt(number: number): Map<string, Row> {
    const found = this.#pages.get(number)
    if (found) return found
    const rows = new Map<string, Row>()
    this.#pages.set(number, rows)
    return rows
  }
}
