import { type Connection, isShared, prepared } from './connection.ts'
import type { SqliteDriver } from './driver.ts'
import { isBusy } from './failure.ts'
import { pause } from './pause.ts'
import { createSchema } from './schema.ts'

/** How often opening is tried again while others hold the lock: some five seconds. */
const maxTries = 250

/**
 * Sets up a connection.
 *
 * The write-ahead log lets others read while one writes. SQLite itself waits for the lock at most a millisecond, since
 * it sleeps and nothing else could run meanwhile; a file that a large payload went through shrinks again.
 */
export async function connect(driver: SqliteDriver, location: string): Promise<Connection> {
  const connection = prepared(driver)
  for (let tries = 0; ; tries += 1) {
    try {
      if (isShared(driver)) {
        driver.exec('PRAGMA busy_timeout = 1')
        driver.exec('PRAGMA journal_mode = WAL')
        driver.exec('PRAGMA journal_size_limit = 16777216')
      }
      driver.transaction('write', () => createSchema(connection, location))
      return connection
    } catch (error) {
      if (!isBusy(error) || tries === maxTries) throw error
    }
    await pause(tries)
  }
}

