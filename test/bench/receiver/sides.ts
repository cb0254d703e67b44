import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { createReceiver, type Receiver } from '../../../src/receiver/index.ts'
import { rowOf, schema, select } from '../../../src/receiver/row.ts'
import { sqliteAcks } from '../../../src/receiver/sqlite.ts'
import { ackId } from '../../../src/sync/wire.ts'
import { makeFolder, removeFolder } from '../../engines/drivers/processes.ts'
import { type Batch, batchSize, expectTaken, principalOf, requestOf, rowsOf, subjectOf } from './batches.ts'

/** A database with the application's table. */
export interface Opened {
  readonly database: DatabaseSync
  readonly insert: StatementSync
  /** @throws Error unless so many rows are there. */
  end(expected: number): void
}

export function openDatabase(): Opened {
  const folder = makeFolder()
  const database = new DatabaseSync(`${folder}/acks.db`)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000')
  database.exec(
    'CREATE TABLE done (source TEXT, sequence INTEGER, subject TEXT, PRIMARY KEY (source, sequence)) WITHOUT ROWID',
  )
  return {
    database,
    insert: database.prepare('INSERT INTO done VALUES (?, ?, ?)'),
    end(expected) {
      const { rows } = database.prepare('SELECT count(*) AS rows FROM done').get() ?? {}
      database.close()
      removeFolder(folder)
      if (rows !== expected) throw new Error(`${rows} rows, where ${expected} were expected`)
    },
  }
}

/** The receiver, with a row of the application's for each acknowledgement. */
export function receiverOn({ database, insert }: Opened): Receiver {
  return createReceiver({
    store: sqliteAcks(database),
    authenticate: (request) => request.headers.get('authorization') ?? undefined,
    onAck: (ack) => insert.run(ack.source, ack.sequence, ack.subject),
  })
}

/** One batch, made ready before the clock runs. */
export interface Ready {
  /** What the clock runs for. */
  take(): unknown
  /** Afterwards. @throws Error unless it was taken. */
  check?(taken: unknown): Promise<void>
}

/** Who takes batches in, one after the other. */
export type Side = (opened: Opened) => (batch: Batch) => Ready

export type SideName = 'receiver' | 'rows and marks' | 'rows alone'

export const sides: Readonly<Record<SideName, Side>> = {
  receiver(opened) {
    const receive = receiverOn(opened)
    return (batch) => {
      const request = requestOf(batch, 'https://example.com/acks')
      return {
        take: () => receive(request),
        async check(response) {
          if (!(response instanceof Response)) throw new TypeError('the receiver gave no response')
          await expectTaken(response, batch)
        },
      }
    }
  },
  /** The least that does what the receiver must: the rows, and the mark of their source beside them. */
  'rows and marks'({ database, insert }) {
    database.exec(schema)
    const find = database.prepare(select)
    const write = database.prepare('INSERT OR REPLACE INTO holdfast_sources VALUES (?, ?, ?, ?, ?)')
    return ({ device, from }) => {
      const rows = rowsOf({ device, from })
      const [source = ''] = rows[0] ?? []
      const mark = from + batchSize - 1
      const id = ackId(mark, subjectOf(device, mark))
      const record = rowOf(source, { principal: principalOf(device), mark, id, rejected: [] })
      return {
        take() {
          database.exec('BEGIN IMMEDIATE')
          find.get(source)
          for (const row of rows) insert.run(...row)
          write.run(...record)
          database.exec('COMMIT')
        },
      }
    }
  },
  'rows alone'({ database, insert }) {
    return (batch) => {
      const rows = rowsOf(batch)
      return {
        take() {
          database.exec('BEGIN IMMEDIATE')
          for (const row of rows) insert.run(...row)
          database.exec('COMMIT')
        },
      }
    }
  },
}
