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
  readonly #pages: Map<number, Page> = new Map()
  /** The page asked for last: most changes in a row are of one. */
  #last: Page | undefined

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
    const page = this.#pageAt(this.#pageOf(key, (after ?? before) as Row))
    const { undo, seq } = this.#journal
    if (undo) note(undo, this, key, before, page.changed)
    page.changed = seq
    this.#set(key, page, before, after)
  }

  /** Puts a row back, and `changed`: which sequence had last changed its page. */
  undo(key: string, before: unknown, changed: number): void {
    const after = this.#rows.get(key)
    const page = this.#pageAt(this.#pageOf(key, (after ?? before) as Row))
    this.#set(key, page, after, before as Row | undefined)
    page.changed = changed
  }

  restore(key: string, row: unknown): void {
    this.put(key, this.#stored(row as Row))
  }

  changedSince(mark: number): number[] {
    const numbers: number[] = []
    for (const { number, keys, changed } of this.#pages.values()) {
      if (changed > mark) numbers.push(number)
      else if (keys.size === 0) this.#pages.delete(number)
    }
    this.#last = undefined
    return numbers
  }

  pageNumbers(): number[] {
    const pages = [...this.#pages.values()].filter(({ keys }) => keys.size > 0)
    return pages.map(({ number }) => number).sort((a, b) => a - b)
  }

  page(number: number): [string, Row][] {
    const keys = this.#pages.get(number)?.keys ?? []
    return [...keys].map((key) => [key, this.#rows.get(key) as Row])
  }

  #set(key: string, { keys }: Page, before: Row | undefined, after: Row | undefined): void {
    if (after === undefined) {
      this.#rows.delete(key)
      keys.delete(key)
    } else {
      this.#rows.set(key, after)
      if (before === undefined) keys.add(key)
    }
    this.#watch?.(before, after, key)
  }

  #pageAt(number: number): Page {
    if (this.#last?.number === number) return this.#last
    const page = this.#pages.get(number) ?? { number, keys: new Set(), changed: 0 }
    this.#pages.set(number, page)
    this.#last = page
    return page
  }
}

/** Which rows a checkpoint keeps together, and the last sequence that changed one of them. */
interface Page {
  readonly number: number
  readonly keys: Set<string>
  changed: number
}
