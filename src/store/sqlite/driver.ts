import { flushLog } from './flush.ts'

/** What is bound to a statement. */
export type SqliteValue = string | number | Uint8Array

/** A prepared statement. */
export interface SqliteStatement {
  run(...values: SqliteValue[]): unknown
  /** The rows, as objects by column; BLOBs as `Uint8Array` or `ArrayBuffer`. */
  all(...values: SqliteValue[]): readonly unknown[]
}

/**
 * What the store needs of an engine: one connection, which nobody else uses, and on which everything is synchronous.
 * Errors must carry SQLite's result code as a number in `errcode` or `errno`, or its name in `code` or the message.
 */
export interface SqliteDriver {
  /** Names the database in its host, such as the path of its file; `undefined` if only this connection reaches it. */
  readonly location: string | undefined
  /** Whether what is committed outlives the process. */
  readonly durable: boolean
  /** Only one connection exists at a time anywhere; the host takes care of journal, locks and durability. */
  readonly exclusive: boolean
  /** Runs statements that give no rows. */
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  /**
   * Runs `work` in a transaction that begins with SQLite's write lock (`write`), or on one snapshot (`read`). Commits,
   * or undoes everything and throws what `work` threw.
   */
  transaction<T>(mode: 'read' | 'write', work: () => T): T
  /**
   * Puts all that was committed to the write-ahead log on the disk, off this thread and without SQLite's lock. Without
   * it, every commit does so by itself, and keeps the lock and the thread meanwhile.
   */
  flush?(): Promise<void>
}

/** What is used of `DatabaseSync` of `node:sqlite`, in Node and Deno. */
export interface NodeDatabase {
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
}

/**
 * A driver for `node:sqlite`, in Node and Deno. The connection is then the store's alone: it sets the journal mode,
 * the busy time-out and `synchronous`. Closing it is the caller's, after the queue.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from 'node:sqlite'
 * import { nodeSqlite, sqliteStore } from 'holdfast/sqlite'
 *
 * const database = new DatabaseSync(':memory:')
 * const store = sqliteStore({ driver: nodeSqlite(database) })('mail')
 * console.log(store.durable) // false
 * ```
 */
export function nodeSqlite(database: NodeDatabase): SqliteDriver {
  return connection(database)
}

/** What is used of `Database` of `bun:sqlite`. */
export interface BunDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  /** Node's has none: that tells them apart. */
  readonly inTransaction: boolean
}

/** A driver for `bun:sqlite`, as {@link nodeSqlite} for Node. */
export function bunSqlite(database: BunDatabase): SqliteDriver {
  return connection(database)
}

function connection(database: Pick<SqliteDriver, 'exec' | 'prepare'>): SqliteDriver {
  const location = fileOf(database)
  return {
    location,
    ...(location !== undefined && { flush: () => flushLog(`${location}-wal`) }),
    durable: location !== undefined,
    exclusive: false,
    exec: (sql) => database.exec(sql),
    prepare: (sql) => database.prepare(sql),
    transaction(mode, work) {
      database.exec(mode === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN')
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
  }
}

/** The path of the database's file, if it has one. */
function fileOf(database: Pick<SqliteDriver, 'prepare'>): string | undefined {
  const [main] = database.prepare('PRAGMA database_list').all()
  const file: unknown = typeof main === 'object' && main !== null && 'file' in main ? main.file : undefined
  return typeof file === 'string' && file !== '' ? file : undefined
}

/** What is used of a Durable Object's `ctx.storage`, with the SQLite back end. */
export interface DurableObjectStorage {
  readonly sql: {
    exec(sql: string, ...values: unknown[]): { toArray(): readonly unknown[] }
  }
  transactionSync<T>(work: () => T): T
}

/**
 * A driver for the SQLite storage of a Durable Object. `durableObjectStore` of `holdfast/cloudflare` is a store on it, and
 * `attach` there wakes the queue; with this alone nothing does.
 *
 * @example
 * ```ts
 * import { createQueue } from 'holdfast'
 * import { type DurableObjectStorage, durableObjectSqlite, sqliteStore } from 'holdfast/sqlite'
 *
 * export class Mailer {
 *   readonly queue
 *
 *   constructor(ctx: { readonly storage: DurableObjectStorage }) {
 *     const store = sqliteStore({ driver: durableObjectSqlite(ctx.storage) })
 *     this.queue = createQueue({ name: 'mail', store, handlers: { send: async (to: string) => ({ to }) } })
 *   }
 * }
 * ```
 */
export function durableObjectSqlite(storage: DurableObjectStorage): SqliteDriver {
  const { sql } = storage
  return {
    location: undefined,
    durable: true,
    exclusive: true,
    exec: (text) => sql.exec(text),
    prepare: (text) => ({
      run: (...values) => sql.exec(text, ...values),
      all: (...values) => sql.exec(text, ...values).toArray(),
    }),
    // Nothing can come between synchronous reads there.
    transaction: (mode, work) => (mode === 'write' ? storage.transactionSync(work) : work()),
  }
}
