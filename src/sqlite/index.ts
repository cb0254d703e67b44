export type {
  BunDatabase,
  DurableObjectStorage,
  NodeDatabase,
  SqliteDriver,
  SqliteStatement,
  SqliteValue,
} from '../store/sqlite/driver.ts'
export { bunSqlite, durableObjectSqlite, nodeSqlite } from '../store/sqlite/driver.ts'
export type { SqliteDriverOptions, SqliteFileOptions, SqliteStoreOptions } from '../store/sqlite.ts'
export { sqliteStore } from '../store/sqlite.ts'
