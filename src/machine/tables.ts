import { Indexes } from './indexes.ts'
import { type Job, laneOf } from './job.ts'
import { jobForm } from './job-row.ts'
import type { Journal } from './journal.ts'
import type { Ack, Hold, Meta, Outbox, Reject, Slot, Writer } from './rows.ts'
import { Table } from './table.ts'

/** How many jobs, or acknowledgements, share a checkpoint page: a constant of the log's format. */
export const pageSize = 256

/** What facts are folded into: tables of immutable rows, and the indexes that their changes keep level. */
export class Tables {
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

  constructor(journal: Journal, boostMs: number) {
    const one = (): number => 0
    const byNumber = (number: number): number => Math.floor(number / pageSize)
    this.index = new Indexes(() => this.jobs, boostMs, journal)
    this.jobs = new Table<Job>(
      'jobs',
      journal,
      (_, job) => byNumber(job.ordinal),
      (before, after) => this.index.jobChanged(before, after, this.mono),
      jobForm,
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

  get counters(): Meta {
    return this.meta.get('counters') ?? { ordinal: 0, order: 0, hold: 0, paused: false }
  }

  hold(owner: string, kind: string): Hold | undefined {
    // Most often there is none, and no need for its name.
    return this.holds.size === 0 ? undefined : this.holds.get(laneOf({ owner, kind }))
  }
}
