import type { Indexes } from './indexes.ts'
import type { Job } from './job.ts'
import type { Ack, Hold, Meta, Outbox, Reject, Slot } from './rows.ts'
import type { Table } from './table.ts'

/** What a fact is folded into. */
export interface Tables {
  readonly index: Indexes
  /** This context's monotonic clock when it learned of the fact. */
  readonly mono: number
  readonly jobs: Table<Job>
  readonly slots: Table<Slot>
  readonly holds: Table<Hold>
  readonly acks: Table<Ack>
  readonly rejects: Table<Reject>
  readonly outboxes: Table<Outbox>
  readonly meta: Table<Meta>
  readonly counters: Meta
  hold(owner: string, kind: string): Hold | undefined
}
