import { isRecord, isSequence, type Rejection } from '../sync/wire.ts'
import type { AckStore, Effect, Settled, Settlement, SourceRecord } from './store.ts'

/** What is used of a prepared statement. */
export interface SqliteStatement {
  get(...values: (string | number)[]): unknown
  run(...values: (string | number)[]): unknown
}

/** What is used of a database: `DatabaseSync` of `node:sqlite` has it, and so have other synchronous drivers. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  /** Whether a transaction is open, where the driver can tell: SQLite ends one by itself when its disk is full. */
  readonly isTransaction?: boolean
}

const schema = `CREATE TABLE IF NOT EXISTS holdfast_sources (
  source TEXT PRIMARY KEY,
  principal TEXT NOT NULL,
  mark INTEGER NOT NULL,
  id TEXT NOT NULL,
  rejected TEXT NOT NULL
) STRICT, WITHOUT ROWID`

/**
 * Keeps the marks in SQLite, in the table `holdfast_sources`, made here unless it exists. `onAck` gets the database as
 * its `tx` and runs inside the transaction that moves the mark, so what it writes there happens once. It must be
 * synchronous, and leave the transaction alone: no `BEGIN`, `COMMIT` or `ROLLBACK` (savepoints are fine).
 *
 * Journal mode and busy time-out are the caller's to set: `journal_mode = WAL` and a `busy_timeout` of some seconds
 * suit a server of several processes. No other transaction may be open on this connection while the receiver runs.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from 'node:sqlite'
 * import { createReceiver } from 'holdfast/receiver'
 * import { sqliteAcks } from 'holdfast/receiver/sqlite'
 *
 * const database = new DatabaseSync(':memory:')
 * database.exec('PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000')
 * database.exec('CREATE TABLE uploads (id TEXT PRIMARY KEY, who TEXT NOT NULL)')
 * const insert = database.prepare('INSERT OR REPLACE INTO uploads VALUES (?, ?)')
 *
 * const receive = createReceiver({
 *   store: sqliteAcks(database),
 *   authenticate: () => 'me',
 *   onAck: (ack) => insert.run(ack.subject, ack.principal),
 * })
 * await receive(new Request('https://example.com/acks', { method: 'HEAD' }))
 * ```
 */
export function sqliteAcks<Database extends SqliteDatabase>(database: Database): AckStore<Database> {
  database.exec(schema)
  const select = database.prepare(
    'SELECT principal, mark, id, rejected FROM holdfast_sources WHERE source = ?',
  )
  const upsert = database.prepare('INSERT OR REPLACE INTO holdfast_sources VALUES (?, ?, ?, ?, ?)')
  const savepoint = database.prepare('SAVEPOINT holdfast_ack')
  const release = database.prepare('RELEASE holdfast_ack')
  const undo = database.prepare('ROLLBACK TO holdfast_ack')

  return {
    async settle(source, decide) {
      database.exec('BEGIN IMMEDIATE')
      try {
        const { record, result } = perform(decide(recordOf(select.get(source))), attempt)
        if (record !== undefined) {
          upsert.run(source, record.principal, record.mark, record.id, JSON.stringify(record.rejected))
        }
        database.exec('COMMIT')
        return result
      } catch (error) {
        if (database.isTransaction !== false) database.exec('ROLLBACK')
        throw error
      }
    },
  }

  function attempt(effect: Effect<Database>): Thrown | undefined {
    savepoint.run()
    let returned: unknown
    try {
      returned = effect(database)
    } catch (error) {
      undo.run()
      release.run()
      return { error }
    }
    refusePromise(returned)
    release.run()
    return undefined
  }
}

interface Thrown {
  readonly error: unknown
}

function perform<Tx, Result>(
  settlement: Settlement<Tx, Result>,
  attempt: (effect: Effect<Tx>) => Thrown | undefined,
): Settled<Result> {
  let step = settlement.next()
  while (step.done !== true) {
    const thrown = attempt(step.value)
    step = thrown ? settlement.throw(thrown.error) : settlement.next()
  }
  return step.value
}

/** The transaction would be over, or another's, by the time the promise settles. */
function refusePromise(returned: unknown): void {
  if (typeof returned !== 'object' || returned === null || !('then' in returned)) return
  const refused = new TypeError(
    'Cannot settle: onAck returned a promise, and a SQLite transaction cannot wait for it',
  )
  // Its own failure adds nothing to this one, and must not end the process as an unhandled rejection.
  Promise.resolve(returned).catch(() => refused)
  throw refused
}

function recordOf(row: unknown): SourceRecord | undefined {
  if (row === undefined || row === null) return undefined
  if (!isRecord(row)) throw corrupt()
  const { principal, mark, id, rejected } = row
  if (typeof principal !== 'string' || !isSequence(mark) || typeof id !== 'string') throw corrupt()
  return { principal, mark, id, rejected: rejectionsOf(rejected) }
}

function rejectionsOf(text: unknown): readonly Rejection[] {
  const list: unknown = typeof text === 'string' ? JSON.parse(text) : undefined
  if (!Array.isArray(list) || !list.every(isRejection)) throw corrupt()
  return list
}

function isRejection(value: unknown): value is Rejection {
  if (!isRecord(value)) return false
  return isSequence(value.sequence) && typeof value.code === 'string' && typeof value.message === 'string'
}

function corrupt(): Error {
  return new Error('Cannot settle: a row of holdfast_sources is not as it was written')
}
