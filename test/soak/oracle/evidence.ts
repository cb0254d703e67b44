import type { Record } from '../record.ts'
import type { Server } from '../server.ts'

/** What came of a soak. */
export interface Verdict {
  /** What was promised and does not hold; and what was not even tried. */
  readonly findings: readonly string[]
  readonly figures: Readonly<{ [figure: string]: number | string }>
}

/** What was not held against the queue, because Chromium says that it dropped the database. */
export interface Waived {
  /** How often it did. */
  readonly drops: number
  /** How many jobs from before have no end, or no dead letter. */
  readonly jobs: number
}

/** What the judges are given: what the contexts told, and the server's own records. */
export interface Evidence {
  readonly record: Record
  readonly server: Pick<Server, 'uploads' | 'acks' | 'complaints'>
}
