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
 *
 * With `synchronous = NORMAL`, a commit only hands its frames to the operating system; a power cut loses the last ones,
 * never one before another. Those that must not be lost are flushed afterwards, when others have the lock already: of
 * several processes on one file, each would else wait for the disk as often as all the others commit.
 */
export async function connect(driver: SqliteDriver, location: string): Promise<Connection> {
  let connection = prepared(driver)
  for (let tries = 0; ; tries += 1) {
    try {
      if (isShared(driver)) {
        driver.exec('PRAGMA busy_timeout = 1')
        const [journal] = connection.all('PRAGMA journal_mode = WAL')
        const isWal = journal?.journal_mode === 'wal'
        if (isWal && driver.flush) connection = { ...connection, flush: () => driver.flush?.() }
        driver.exec('PRAGMA journal_size_limit = 16777216')
        driver.exec(`PRAGMA synchronous = ${connection.flush ? 'NORMAL' : 'FULL'}`)
      }
      driver.transaction('write', () => createSchema(connection, location))
      return connection
    } catch (error) {
      if (!isBusy(error) || tries === maxTries) throw error
    }
    await pause(tries)
  }
}
