import { QueueError } from '../../errors.ts'
import { bunSqlite, type BunDatabase, type NodeDatabase, nodeSqlite, type SqliteDriver } from './driver.ts'

/** A connection that the store made for itself. */
export interface Opened {
  readonly driver: SqliteDriver
  close(): void
}

type Constructor<T> = new (path: string) => T & { close(): void }

/**
 * Opens a file with what this runtime has: `bun:sqlite` in Bun, `node:sqlite` in Node and Deno. Loaded only here, so
 * that bundles for other places need neither.
 */
export async function openFile(path: string): Promise<Opened> {
  if ('Bun' in globalThis) {
    const Database = await load<Constructor<BunDatabase>>('bun:sqlite', 'Database', path)
    return opened(new Database(path), bunSqlite)
  }
  const DatabaseSync = await load<Constructor<NodeDatabase>>('node:sqlite', 'DatabaseSync', path)
  return opened(new DatabaseSync(path), nodeSqlite)
}

function opened<T extends { close(): void }>(database: T, driver: (database: T) => SqliteDriver): Opened {
  return { driver: driver(database), close: () => database.close() }
}

// Not by a literal: bundlers would look for the module.
async function load<T>(specifier: string, name: string, path: string): Promise<T> {
  try {
    const module: unknown = await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)
    const found: unknown =
      typeof module === 'object' && module !== null ? Reflect.get(module, name) : undefined
    if (typeof found === 'function') return found as T
    throw new TypeError(`There is no ${name} in ${specifier}`)
  } catch (cause) {
    const remedy = 'Node 22.13, Deno 2.2 and Bun have SQLite built in; elsewhere pass { driver }'
    throw new QueueError('store-unavailable', `Cannot open the store sqlite:${path}: ${remedy}`, { cause })
  }
}
