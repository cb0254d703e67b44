/** What keeps something by key, and can put back what it had. */
export interface Undoes {
  undo(key: string, before: unknown, changed: number): void
}

/**
 * What must be undone, the last first: for each change four items, whose it was and what {@link Undoes.undo} is given.
 * Flat, as every row that a speculation changes is in it.
 */
export type Undo = unknown[]

/** What tables and indexes share: the sequence being folded, and the changes of a speculation. */
export interface Journal {
  /** The entry's sequence: pages changed by it are dirty since then. */
  seq: number
  /** Collects what must be undone; absent outside a speculation. */
  undo: Undo | undefined
  /** A speculation is being undone: what was journaled is put back by its own step, so watches leave it alone. */
  unwinding: boolean
}

export function newJournal(): Journal {
  return { seq: 0, undo: undefined, unwinding: false }
}

export function note(undo: Undo, whose: Undoes, key: string, before: unknown, changed = 0): void {
  undo.push(whose, key, before, changed)
}

/** Undoes the newest changes until only the first `keep` items are left. */
export function unwind(journal: Journal, keep: number): void {
  const { undo } = journal
  if (undo === undefined) return
  journal.undo = undefined
  journal.unwinding = true
  while (undo.length > keep) {
    const [whose, key, before, changed] = undo.splice(-4) as [Undoes, string, unknown, number]
    whose.undo(key, before, changed)
  }
  journal.unwinding = false
  journal.undo = undo
}

/** Instants by name, for what no row tells; a speculation's changes are undone with it. */
export class Sightings implements Undoes {
  readonly #journal: Journal
  readonly #seen: Map<string, number> = new Map()

  constructor(journal: Journal) {
    this.#journal = journal
  }

  has(key: string): boolean {
    return this.#seen.has(key)
  }

  get(key: string): number | undefined {
    return this.#seen.get(key)
  }

  set(key: string, instant: number): void {
    if (this.#seen.get(key) !== instant) this.#change(key, instant)
  }

  delete(key: string): void {
    this.#change(key, undefined)
  }

  #change(key: string, to: number | undefined): void {
    const { undo, unwinding } = this.#journal
    if (unwinding) return
    const from = this.#seen.get(key)
    if (undo) note(undo, this, key, from)
    this.#put(key, to)
  }

  undo(key: string, from: unknown): void {
    this.#put(key, from as number | undefined)
  }

  #put(key: string, instant: number | undefined): void {
    if (instant === undefined) this.#seen.delete(key)
    else this.#seen.set(key, instant)
  }
}
