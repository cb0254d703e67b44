import type { DatabaseSync } from 'node:sqlite'
import { type Ack, createReceiver, type Receiver } from 'holdfast/receiver'
import { sqliteAcks } from 'holdfast/receiver/sqlite'

/** One acknowledgement, as the API tells of it. */
export interface StoredAck {
  readonly source: string
  readonly sequence: number
  /** The job. */
  readonly subject: string
  readonly type: 'completed' | 'dead'
  readonly finish: number
  readonly attempt: number
  /** The error of a dead letter. */
  readonly message: string | null
  readonly receivedAt: number
}

/** What the application keeps of the acknowledgements. */
export interface Acks {
  readonly receive: Receiver
  list(
    principal: string,
    limit: number,
  ): {
    readonly count: number
    readonly gapFree: boolean
    readonly newest: readonly StoredAck[]
  }
}

/** The application's own table: it is written in the very transaction that moves the receiver's mark. */
const schema = `CREATE TABLE IF NOT EXISTS acknowledgements (
  principal TEXT NOT NULL,
  source TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  type TEXT NOT NULL,
  finish INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  message TEXT,
  receivedAt INTEGER NOT NULL,
  PRIMARY KEY (source, sequence)
) STRICT`

/** No source has a hole between its first and its last number. */
const holes = `SELECT count(*) AS count FROM (
  SELECT 1 FROM acknowledgements WHERE principal = ?
  GROUP BY source HAVING count(*) <> max(sequence) - min(sequence) + 1
)`

export function createAcks(
  database: DatabaseSync,
  principalOf: (request: Request) => string | undefined,
  onError: (error: unknown) => void,
): Acks {
  database.exec(schema)
  const insert = database.prepare('INSERT INTO acknowledgements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const count = database.prepare('SELECT count(*) AS count FROM acknowledgements WHERE principal = ?')
  const gaps = database.prepare(holes)
  const newest = database.prepare(
    `SELECT source, sequence, subject, type, finish, attempt, message, receivedAt FROM acknowledgements
    WHERE principal = ? ORDER BY rowid DESC LIMIT ?`,
  )

  return {
    receive: createReceiver({
      store: sqliteAcks(database),
      authenticate: principalOf,
      onAck: (ack) => {
        const { principal, source, sequence, subject, type, data } = ack
        const { kind, finish, attempt } = data
        const message = messageOf(ack)
        insert.run(principal, source, sequence, subject, kind, type, finish, attempt, message, Date.now())
      },
      onError,
    }),

    list(principal, limit) {
      return {
        count: Number(count.get(principal)?.count),
        gapFree: gaps.get(principal)?.count === 0,
        newest: newest.all(principal, limit).map(ackOf),
      }
    },
  }
}

function messageOf(ack: Ack): string | null {
  return ack.type === 'dead' ? (ack.data.error.message ?? ack.data.error.reason) : null
}

function ackOf(row: Record<string, unknown>): StoredAck {
  return {
    source: String(row.source),
    sequence: Number(row.sequence),
    subject: String(row.subject),
    type: row.type === 'dead' ? 'dead' : 'completed',
    finish: Number(row.finish),
    attempt: Number(row.attempt),
    message: row.message === null ? null : String(row.message),
    receivedAt: Number(row.receivedAt),
  }
}
