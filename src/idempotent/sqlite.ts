import {
  type BunDatabase,
  bunSqlite,
  type DurableObjectStorage,
  durableObjectSqlite,
  type NodeDatabase,
  nodeSqlite,
  type SqliteDriver,
} from '../store/sqlite/driver.ts'
import { isBusy } from '../store/sqlite/failure.ts'
import { pause } from '../store/sqlite/pause.ts'
import { type Reply, responseOf, snapshotOf } from './reply.ts'
import { expireSql, insertSql, keptIn, pruneSql, schema, selectSql, valuesOf } from './rows.ts'
import type { Attempt, KeptResponse, KeyId, Outcome, ResponseStore, Snapshot } from './store.ts'

export type { BunDatabase, DurableObjectStorage, NodeDatabase } from '../store/sqlite/driver.ts'

/** What the responses can be kept in: a database of `node:sqlite` or `bun:sqlite`, or a Durable Object's storage. */
export type ResponseDatabase = NodeDatabase | BunDatabase | DurableObjectStorage

/**
 * Keeps the responses in SQLite, in the table `holdfast_responses`, which is made at the first request: a
 * `DatabaseSync` of `node:sqlite` (Node, Deno), a `Database` of `bun:sqlite`, or a Durable Object's `ctx.storage`. The
 * handler gets it as its `tx`, and runs inside the transaction that keeps its answer. It must be synchronous, answer
 * with a plain {@link Reply}, and leave the transaction alone: no `BEGIN`, `COMMIT` or `ROLLBACK` (savepoints are
 * fine). What has to be waited for belongs into `prepare`.
 *
 * Several processes may share the file. Duplicates need no locks of their own: SQLite has one writer at a time, and
 * the second finds the first one's response. For a locked database it waits without blocking, if `busy_timeout` is 0,
 * as it is by default in Node; the journal mode is the caller's to set (`WAL` suits a server). No other transaction
 * may be open on this connection while a request is answered.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from 'node:sqlite'
 * import { idempotent } from 'holdfast/idempotent'
 * import { sqliteResponses } from 'holdfast/idempotent/sqlite'
 *
 * const database = new DatabaseSync(':memory:')
 * database.exec('PRAGMA journal_mode = WAL; CREATE TABLE orders (number INTEGER PRIMARY KEY, what TEXT NOT NULL)')
 * const insert = database.prepare('INSERT INTO orders (what) VALUES (?)')
 *
 * const order = idempotent(
 *   (request) => {
 *     const { lastInsertRowid } = insert.run(request.text())
 *     return { status: 201, json: { number: Number(lastInsertRowid) } }
 *   },
 *   { store: sqliteResponses(database) },
 * )
 *
 * const send = () => {
 *   const headers = { 'Idempotency-Key': 'V1StGXR8-1' }
 *   return order(new Request('https://example.com/orders', { method: 'POST', body: 'tea', headers }))
 * }
 * await send()
 * const again = await send()
 * console.log(again.headers.get('idempotency-replayed'), await again.json()) // true {"number":1}
 * ```
 */
export function sqliteResponses<Database extends ResponseDatabase>(
  database: Database,
): ResponseStore<Database, Reply> {
  const driver = driverOf(database)
  let statements: Statements | undefined
  const ready = (): Statements => {
    statements ??= prepared(driver)
    return statements
  }

  return {
    async find(id, now) {
      try {
        return ready().find(id, now)
      } catch (error) {
        // Not known yet. A run looks again, and waits for the lock.
        if (isBusy(error)) return undefined
        throw error
      }
    },
    async run(attempt) {
      let patience: AbortSignal | undefined
      for (let tries = 0; ; tries += 1) {
        try {
          return transact(driver, ready(), attempt, database)
        } catch (error) {
          if (!isBusy(error)) throw error
        }
        patience ??= AbortSignal.timeout(attempt.waitMs)
        if (patience.aborted || attempt.waitMs === 0) return { type: 'busy', what: 'database' }
        await pause(tries)
      }
    },
  }
}

function driverOf(database: ResponseDatabase): SqliteDriver {
  if ('sql' in database) return durableObjectSqlite(database)
  return 'inTransaction' in database ? bunSqlite(database) : nodeSqlite(database)
}

interface Statements {
  find(id: KeyId, now: number): KeptResponse | undefined
  keep(id: KeyId, kept: KeptResponse, now: number): void
}

function prepared(driver: SqliteDriver): Statements {
  for (const sql of schema) driver.exec(sql)
  const select = driver.prepare(selectSql)
  const expire = driver.prepare(expireSql)
  const insert = driver.prepare(insertSql)
  const prune = driver.prepare(pruneSql)
  return {
    find: ({ principal, key }, now) => keptIn(select.all(principal, key, now)),
    keep(id, kept, now) {
      expire.run(id.principal, id.key, now)
      insert.run(...valuesOf(id, kept))
      prune.run(now)
    },
  }
}

function transact<Database>(
  driver: SqliteDriver,
  statements: Statements,
  attempt: Attempt<Database, Reply>,
  database: Database,
): Outcome {
  const { id, isReadOnly, now, handle, judge } = attempt
  let undone: { readonly error: Error; readonly snapshot: Snapshot } | undefined
  try {
    const result = driver.transaction(isReadOnly ? 'read' : 'write', () => {
      const kept = id && statements.find(id, now)
      if (kept !== undefined) return { kept }
      const snapshot = snapshotOf(withoutWaiting(handle(database)))
      const { isFinal, keep } = judge(snapshot)
      if (!isFinal) {
        // A transaction is undone by throwing.
        undone = { snapshot, error: new Error('Undone: the answer is not final') }
        throw undone.error
      }
      if (id !== undefined && keep !== undefined) statements.keep(id, keep, now)
      return { snapshot }
    })
    if ('kept' in result) return { type: 'kept', kept: result.kept }
    return { type: 'ran', response: responseOf(result.snapshot) }
  } catch (error) {
    if (undone === undefined || error !== undone.error) throw error
    return { type: 'ran', response: responseOf(undone.snapshot) }
  }
}

/** The transaction would be over, or another's, by the time a promise settles. */
function withoutWaiting(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('then' in answer)) return answer
  const refused = new TypeError(
    'Cannot answer: the handler returned a promise, and a SQLite transaction cannot wait for it; see prepare',
  )
  // Its own failure adds nothing to this one, and must not end the process as an unhandled rejection.
  Promise.resolve(answer).catch(() => refused)
  throw refused
}
