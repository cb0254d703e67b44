import type { Emit, LogEntry, LogEvent, Now } from './events.ts'
import { fold } from './fold.ts'
import type { Indexes } from './indexes.ts'
import type { Job } from './job.ts'
import { type Journal, newJournal, unwind } from './journal.ts'
import type { Ack, Hold, Meta, Outbox, Reject, Slot, Writer } from './rows.ts'
import type { Paged, Table } from './table.ts'
import { pageSize, Tables } from './tables.ts'

/** How long a writer's highest counter is kept: a lost answer is looked up within moments. */
const writerMs = 24 * 3_600_000

/** Options of {@link State}: they shape what is derived, never what is folded. */
export interface StateOptions {
  /**
   * How many milliseconds of waiting one step of priority is worth.
   *
   * @default 60_000
   */
  readonly boostMs?: number
}

/**
 * What the log says, folded. The same log gives the same tables in every context, whatever its clocks.
 *
 * What was speculated last stays in the tables until somebody looks: most often that is nobody before it is confirmed,
 * and then nothing has to be undone and folded again. Whoever looks sees what is committed, and nothing else.
 */
export class State {
  readonly #journal: Journal = newJournal()
  readonly #tables: Tables
  #log = ''
  /** How to undo what was speculated last, while it stands. */
  #standing: Journal['undo']

  constructor(options: StateOptions = {}) {
    this.#tables = new Tables(this.#journal, options.boostMs ?? 60_000)
  }

  get index(): Indexes {
    return this.#level.index
  }

  get jobs(): Table<Job> {
    return this.#level.jobs
  }

  get slots(): Table<Slot> {
    return this.#level.slots
  }

  get holds(): Table<Hold> {
    return this.#level.holds
  }

  get acks(): Table<Ack> {
    return this.#level.acks
  }

  get rejects(): Table<Reject> {
    return this.#level.rejects
  }

  get outboxes(): Table<Outbox> {
    return this.#level.outboxes
  }

  get writers(): Table<Writer> {
    return this.#level.writers
  }

  /** Every table: for the checkpoint, and to compare two states. */
  get tables(): readonly Paged[] {
    const { jobs, slots, holds, acks, rejects, outboxes, writers, meta } = this.#level
    return [jobs, slots, holds, acks, rejects, outboxes, writers, meta]
  }

  get counters(): Meta {
    return this.#level.counters
  }

  /** The last entry folded: the position that decisions on this state name. */
  get seq(): number {
    return this.#journal.seq
  }

  get log(): string {
    return this.#log
  }

  /** This context's monotonic clock when it learns of what is folded next. */
  set mono(mono: number) {
    this.#level.mono = mono
  }

  isPaused(owner: string): boolean {
    return this.#level.meta.get(`paused\0${owner}`)?.paused ?? false
  }

  hold(owner: string, kind: string): Hold | undefined {
    return this.#level.hold(owner, kind)
  }

  /** Where the pages of a checkpoint leave off; the entries after it follow. */
  begin(log: string, mark: number): void {
    this.#log = log
    this.#journal.seq = mark
  }

  /** Folds a committed entry. `folded` is called with each fact once it is: only to take note. */
  apply(entry: LogEntry, folded: (event: LogEvent) => void = () => undefined): void {
    const tables = this.#level
    this.#journal.seq = entry.seq
    for (const event of entry.events) {
      fold(tables, event, entry.at)
      folded(event)
    }
    this.#write(tables, entry)
  }

  /**
   * Lets decisions be made as if their events were committed. Readers never see what may yet be refused: it is undone
   * when the first of them looks, unless it was {@link confirm}ed before.
   */
  speculate<T>(now: Now, decide: (emit: Emit) => T): T {
    const tables = this.#level
    const journal = this.#journal
    // A wait that begins here begins now, however long ago the last entry was folded.
    tables.mono = now.mono
    journal.seq++
    journal.undo = []
    try {
      return decide((event) => fold(tables, event, now.wall))
    } finally {
      this.#standing = journal.undo
      journal.undo = undefined
      journal.seq--
    }
  }

  /** Makes true what was speculated last: `entry` says it, and is committed. Returns whether it still stood. */
  confirm(entry: LogEntry): boolean {
    if (this.#standing === undefined) return false
    this.#standing = undefined
    this.#journal.seq = entry.seq
    this.#write(this.#tables, entry)
    return true
  }

  /** How far a speculation has come: for {@link rewind}. */
  mark(): number {
    return this.#journal.undo?.length ?? 0
  }

  /** Undoes what a speculation did since a {@link mark}: of a decision that threw half-way, nothing stays. */
  rewind(mark: number): void {
    unwind(this.#journal, mark)
  }

  /** The tables as committed, or, inside a speculation, as it has made them. */
  get #level(): Tables {
    if (this.#standing !== undefined) this.#withdraw()
    return this.#tables
  }

  #withdraw(): void {
    const journal = this.#journal
    journal.undo = this.#standing
    this.#standing = undefined
    unwind(journal, 0)
    journal.undo = undefined
  }

  #write({ writers, slots }: Tables, entry: LogEntry): void {
    writers.put(entry.writer, { counter: entry.counter, at: entry.at })
    // Now and then: a sequence that no entry has puts it off.
    if (entry.seq % pageSize !== 0) return
    for (const [key, writer] of [...writers.entries()]) {
      if (entry.at - writer.at > writerMs) writers.put(key, undefined)
    }
    for (const [key, slot] of [...slots.entries()]) {
      if (slot.until <= entry.at) slots.put(key, undefined)
    }
  }
}
