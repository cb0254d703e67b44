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
  /** A row as a checkpoint keeps it. */
  toDisk(row: unknown): unknown
  /** Puts back a row that a checkpoint kept; returns whether it is one. */
  restore(key: string, kept: unknown): boolean
}

/** How a checkpoint keeps rows. */
export interface Form<Row> {
  toDisk(row: Row): unknown
  /** `undefined` for what is no row. */
  fromDisk(key: string, kept: unknown): Row | undefined
}

/** As they are. */
const plain: Form<object> = {
  toDisk: (row) => row,
  fromDisk: (_, kept) => (typeof kept === 'object' && kept !== null ? kept : undefined),
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
  readonly #form: Form<Row>
  readonly #cells: Map<string, Cell<Row>> = new Map()
  readonly #pages: Map<number, Page<Row>> = new Map()
  /** What was asked for last: who changes a row has just read it, and most changes in a row are of one page. */
  #lastCell: Cell<Row> | undefined
  #lastPage: Page<Row> | undefined

  constructor(
    name: string,
    journal: Journal,
    pageOf: (key: string, row: Row) => number,
    watch?: Watch<Row>,
    form: Form<Row> = plain as Form<object> as Form<Row>,
  ) {
    this.name = name
    this.#journal = journal
    this.#pageOf = pageOf
    this.#watch = watch
    this.#form = form
  }

  get size(): number {
    return this.#cells.size
  }

  get(key: string): Row | undefined {
    return this.#cell(key)?.row
  }

  *values(): Generator<Row, void> {
    for (const { row } of this.#cells.values()) yield row
  }

  *entries(): Generator<[string, Row], void> {
    for (const { key, row } of this.#cells.values()) yield [key, row]
  }

  /** Sets, replaces or (with `undefined`) deletes a row. */
  put(key: string, after: Row | undefined): void {
    const cell = this.#cell(key)
    const before = cell?.row
    if (before === after) return
    const page = this.#pageAt(this.#pageOf(key, (after ?? before) as Row))
    const { undo, seq } = this.#journal
    if (undo) note(undo, this, key, before, page.changed)
    page.changed = seq
    this.#set(key, page, cell, after)
  }

  /** Puts a row back, and `changed`: which sequence had last changed its page. */
  undo(key: string, before: unknown, changed: number): void {
    const cell = this.#cell(key)
    const page = this.#pageAt(this.#pageOf(key, (cell?.row ?? before) as Row))
    this.#set(key, page, cell, before as Row | undefined)
    page.changed = changed
  }

  toDisk(row: unknown): unknown {
    return this.#form.toDisk(row as Row)
  }

  restore(key: string, kept: unknown): boolean {
    const row = this.#form.fromDisk(key, kept)
    this.put(key, row)
    return row !== undefined
  }

  changedSince(mark: number): number[] {
    const numbers: number[] = []
    for (const { number, cells, changed } of this.#pages.values()) {
      if (changed > mark) numbers.push(number)
      else if (cells.size === 0) this.#pages.delete(number)
    }
    this.#lastPage = undefined
    return numbers
  }

  pageNumbers(): number[] {
    const pages = [...this.#pages.values()].filter(({ cells }) => cells.size > 0)
    return pages.map(({ number }) => number).sort((a, b) => a - b)
  }

  page(number: number): [string, Row][] {
    return [...this.#pageAt(number).cells].map(({ key, row }) => [key, row])
  }

  #cell(key: string): Cell<Row> | undefined {
    const last = this.#lastCell
    if (last?.key === key) return last
    const found = this.#cells.get(key)
    if (found) this.#lastCell = found
    return found
  }

  #set(key: string, { cells }: Page<Row>, cell: Cell<Row> | undefined, after: Row | undefined): void {
    const before = cell?.row
    if (cell === undefined) {
      const made = { key, row: after as Row }
      this.#cells.set(key, made)
      cells.add(made)
      this.#lastCell = made
    } else if (after === undefined) {
      this.#cells.delete(key)
      cells.delete(cell)
      this.#lastCell = undefined
    } else cell.row = after
    this.#watch?.(before, after, key)
  }

  #pageAt(number: number): Page<Row> {
    if (this.#lastPage?.number === number) return this.#lastPage
    const page = this.#pages.get(number) ?? { number, cells: new Set(), changed: 0 }
    this.#pages.set(number, page)
    this.#lastPage = page
    return page
  }
}

/** Where a row is kept while it changes: so changing one takes one look at the map. */
interface Cell<Row> {
  readonly key: string
  row: Row
}

/** Which rows a checkpoint keeps together, and the last sequence that changed one of them. */
interface Page<Row> {
  readonly number: number
  readonly cells: Set<Cell<Row>>
  changed: number
}
