import { QueueError } from '../../errors.ts'
import { corruptStore } from '../failures.ts'
import type { Connection } from './connection.ts'
import { views } from './views.ts'

/** Raised with any change of the tables or the views. */
const version = 1

/**
 * One set of tables for all queues of a file, since a Durable Object has one database. Without rowids: an append then
 * writes one row of one tree, and one row is what it is billed as.
 *
 * Texts and bytes that are too long for a row are cut into parts, numbered from 0.
 */
const tables = `
CREATE TABLE IF NOT EXISTS holdfast_meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS holdfast_queues (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, log TEXT NOT NULL, mark INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS holdfast_entries (
  queue INTEGER NOT NULL, seq INTEGER NOT NULL, part INTEGER NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (queue, seq, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS holdfast_pages (
  queue INTEGER NOT NULL, id TEXT NOT NULL, part INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (queue, id, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS holdfast_payloads (
  queue INTEGER NOT NULL, id TEXT NOT NULL, part INTEGER NOT NULL, body ANY NOT NULL,
  PRIMARY KEY (queue, id, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS holdfast_byes (
  queue INTEGER NOT NULL, worker TEXT NOT NULL, PRIMARY KEY (queue, worker)
) STRICT, WITHOUT ROWID;`

/** What one queue's rows are in, apart from its own in `holdfast_queues`. */
export const queueTables = ['entries', 'pages', 'payloads', 'byes'] as const

/** Makes what is not there. In a write transaction. */
export function createSchema({ driver, all, run }: Connection, location: string): void {
  driver.exec(tables)
  const found = all("SELECT value FROM holdfast_meta WHERE key = 'version'")[0]?.value
  if (found === version) return
  if (found === undefined) {
    driver.exec(views)
    run("INSERT INTO holdfast_meta VALUES ('version', ?)", version)
    return
  }
  if (typeof found !== 'number') throw corruptStore(location, 'its version is damaged')
  const have = `its tables have version ${found}, this version of the library knows ${version}`
  throw new QueueError('version-ahead', `Cannot open the store ${location}: ${have}`)
}
