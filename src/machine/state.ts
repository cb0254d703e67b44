import type { Emit, LogEntry, LogEvent, Now } from './events.ts'
import { fold } from './fold.ts'
import { Indexes } from './indexes.ts'
import { type Job, laneOf } from './job.ts'
import { type Journal, newJournal, unwind } from './journal.ts'
import type { Ack, Hold, Meta, Outbox, Reject, Slot, Writer } from './rows.ts'
import { type Paged, Table } from './table.ts'
import type { Tables } from './tables.ts'

/** How many jobs, or acknowledgements, share a checkpoint page: a constant of the log's format. */
const pageSize = 256

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
 * What the log says, folded: tables of immutable rows, and indexes derived from them. The same log gives the same
 * tables in every context, whatever its clocks.
 */
export class State implements Tables {
  readonly #journal: Journal = newJournal()
  #log = ''
  /** This context's monotonic clock when it learned of what is being folded: it shapes indexes only. */
  mono = 0

  readonly index: Indexes
  readonly jobs: Table<Job>
  readonly slots: Table<Slot>
  readonly holds: Table<Hold>
  readonly acks: Table<Ack>
  readonly rejects: Table<Reject>
  readonly outboxes: Table<Outbox>
  readonly writers: Table<Writer>
  readonly meta: Table<Meta>

  constructor(options: StateOptions = {}) {
    const journal = this.#journal
    const one = (): number => 0
    const byNumber = (number: number): number => Math.floor(number / pageSize)
    this.index = new Indexes(() => this.jobs, options.boostMs ?? 60_000, journal)
    this.jobs = new Table<Job>(
      'jobs',
      journal,
      (_, job) => byNumber(job.ordinal),
      (before, after) => this.index.jobChanged(before, after, this.mono),
    )
    this.slots = new Table<Slot>('slots', journal, one, (_, after, slot) =>
      this.index.slotChanged(after, slot, this.mono),
    )
    this.holds = new Table<Hold>('holds', journal, one, (before, after, lane) =>
      this.index.holdChanged(before, after, lane, this.mono),
    )
    this.acks = new Table<Ack>('acks', journal, (_, ack) => byNumber(ack.sequence))
    this.rejects = new Table<Reject>('rejects', journal, (_, reject) => byNumber(reject.number))
    this.outboxes = new Table<Outbox>('outboxes', journal, one, (_, after) =>
      this.index.outboxChanged(after, this.mono),
    )
    this.writers = new Table<Writer>('writers', journal, one)
    this.meta = new Table<Meta>('meta', journal, one)
  }

  /** The last entry folded: the position that decisions on this state name. */
  get seq(): number {
    return this.#journal.seq
  }

  get log(): string {
    return this.#log
  }

  /** Every table: for the checkpoint, and to compare two states. */
  get tables(): readonly Paged[] {
    const { jobs, slots, holds, acks, rejects, outboxes, writers, meta } = this
    return [jobs, slots, holds, acks, rejects, outboxes, writers, meta]
  }

  get counters(): Meta {
    return this.meta.get('counters') ?? { ordinal: 0, order: 0, hold: 0, paused: false }
  }

  isPaused(owner: string): boolean {
    return this.meta.get(`paused\0${owner}`)?.paused ?? false
  }

  hold(owner: string, kind: string): Hold | undefined {
    return this.holds.get(laneOf({ owner, kind }))
  }

  /** Where the pages of a checkpoint leave off; the entries after it follow. */
  begin(log: string, mark: number): void {
    this.#log = log
    this.#journal.seq = mark
  }

  /** Folds a committed entry. `folded` is called with each fact once it is: only to take note. */
  apply(entry: LogEntry, folded: (event: LogEvent) => void = () => undefined): void {
    this.#journal.seq = entry.seq
    for (const event of entry.events) {
      fold(this, event, entry.at)
      folded(event)
    }
    this.#write(entry)
  }

  /**
   * Lets decisions be made as if their events were committed, and undoes it all before it returns. So readers never
   * see what may yet be refused.
   */
  speculate<T>(now: Now, decide: (emit: Emit) => T): T {
    const journal = this.#journal
    // A wait that begins here begins now, however long ago the last entry was folded.
    this.mono = now.mono
    journal.seq++
    journal.undo = []
    try {
      return decide((event) => fold(this, event, now.wall))
    } finally {
      unwind(journal, 0)
      journal.undo = undefined
      journal.seq--
    }
  }

  /** Undoes one decision inside a speculation, when it throws half-way. */
  attempt<T>(decide: () => T): T {
    const from = this.#journal.undo?.length ?? 0
    try {
      return decide()
    } catch (error) {
      unwind(this.#journal, from)
      throw error
    }
  }

  #write(entry: LogEntry): void {
    this.writers.put(entry.writer, { counter: entry.counter, at: entry.at })
    if (entry.seq % pageSize !== 0) return
    for (const [key, writer] of [...this.writers.entries()]) {
      if (entry.at - writer.at > writerMs) this.writers.put(key, undefined)
    }
    for (const [key, slot] of [...this.slots.entries()]) {
      if (slot.until <= entry.at) this.slots.put(key, undefined)
    }
  }
}
