import type { DurableObjectStorage } from '../store/sqlite/driver.ts'
import { recordOf, rowOf, schema, select } from './row.ts'
import type { AckStore, Settled, Settlement } from './store.ts'

/** What is used of a prepared statement. */
export interface SqliteStatement {
  get(...values: (string | number)[]): unknown
  run(...values: (string | number)[]): unknown
}

/**
 * What is used of a database: `DatabaseSync` of `node:sqlite` (Node and Deno) and `Database` of `bun:sqlite` have it,
 * and so have other synchronous drivers.
 */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
}

/**
 * Keeps the marks in SQLite, in the table `holdfast_sources`, made here unless it exists. `onAck` gets the database as
 * its `tx` and runs inside the transaction that moves the mark, so what it writes there happens once. It must be
 * synchronous, and leave the transaction alone: no `BEGIN`, `COMMIT` or `ROLLBACK` (savepoints are fine).
 *
 * Journal mode and busy time-out are the caller's to set: `journal_mode = WAL` and a `busy_timeout` of some seconds
 * suit a server of several processes. No other transaction may be open on this connection while the receiver runs.
 *
 * In a Durable Object with the SQLite back end, give it `ctx.storage`: `tx` is that, and `tx.sql.exec` writes.
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
export function sqliteAcks<Database extends SqliteDatabase | DurableObjectStorage>(
  database: Database,
): AckStore<Database> {
  const wide: SqliteDatabase | DurableObjectStorage = database
  const connection = 'transactionSync' in wide ? durableObject(wide) : connected(wide)
  return {
    async settle(source, decide) {
      return connection.transaction(() => {
        const settlement = decide(recordOf(connection.find(source)))
        const { record, result } = perform(settlement, database, connection)
        if (record !== undefined) connection.write(...rowOf(source, record))
        return result
      })
    },
  }
}

interface Connection {
  /** Undoes everything, and throws, when `work` throws. */
  transaction<Result>(work: () => Result): Result
  /** Undoes what `work` wrote when it throws, and returns what it threw. */
  attempt(work: () => void): Thrown | undefined
  find(source: string): unknown
  write(...row: (string | number)[]): unknown
}

interface Thrown {
  readonly error: unknown
}

const upsert = 'INSERT OR REPLACE INTO holdfast_sources VALUES (?, ?, ?, ?, ?)'

function durableObject(storage: DurableObjectStorage): Connection {
  storage.sql.exec(schema)
  return {
    transaction: (work) => storage.transactionSync(work),
    attempt(work) {
      try {
        storage.transactionSync(work)
        return undefined
      } catch (error) {
        return { error }
      }
    },
    find: (source) => storage.sql.exec(select, source).toArray()[0],
    write: (...row) => storage.sql.exec(upsert, ...row),
  }
}

function connected(database: SqliteDatabase): Connection {
  database.exec(schema)
  const [find, write] = [database.prepare(select), database.prepare(upsert)]
  const savepoint = database.prepare('SAVEPOINT holdfast_ack')
  const release = database.prepare('RELEASE holdfast_ack')
  const undo = database.prepare('ROLLBACK TO holdfast_ack')

  return {
    transaction(work) {
      database.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        database.exec('COMMIT')
        return result
      } catch (error) {
        try {
          database.exec('ROLLBACK')
        } catch {
          // SQLite ended it by itself, as when its disk is full: why is what counts.
        }
        throw error
      }
    },
    attempt(work) {
      savepoint.run()
      try {
        work()
      } catch (error) {
        undo.run()
        release.run()
        return { error }
      }
      release.run()
      return undefined
    },
    find: (source) => find.get(source),
    write: (...row) => write.run(...row),
  }
}

function perform<Tx, Result>(
  settlement: Settlement<Tx, unknown, Result>,
  tx: Tx,
  { attempt }: Connection,
): Settled<Result> {
  let step = settlement.next()
  while (step.done !== true) {
    const { effect } = step.value
    let answer: unknown
    const thrown = attempt(() => {
      answer = effect(tx)
    })
    refusePromise(answer)
    step = thrown ? settlement.throw(thrown.error) : settlement.next()
  }
  return step.value
}

/** The transaction would be over, or another's, by the time the promise settles. */
function refusePromise(answer: unknown): void {
  if (typeof answer !== 'object' || answer === null || !('then' in answer)) return
  const refused = new TypeError(
    'Cannot settle: onAck returned a promise, and a SQLite transaction cannot wait for it',
  )
  // Its own failure adds nothing to this one, and must not end the process as an unhandled rejection.
  Promise.resolve(answer).catch(() => refused)
  throw refused
}
