/** Runs the suite on a file, in whatever runtime this is (Bun, Deno, Node), and prints how it went as JSON. */
import { rmSync } from 'node:fs'
import type { BunDatabase } from 'holdfast/idempotent/sqlite'
import { sqlitePeer } from '../../unit/idempotent/peers.ts'
import { outcomesOf, type Peer } from '../../unit/idempotent/suite.ts'

const [path = ''] = process.argv.slice(2)
let count = 0

/** A file of its own for each. */
async function open(): Promise<Peer> {
  count += 1
  const file = `${path}-${count}`
  rmSync(file, { force: true })
  if ('bun' in process.versions) {
    // Not by a literal: there are no types for it here.
    const specifier = 'bun:sqlite'
    const { Database } = (await import(specifier)) as { Database: new (file: string) => BunDatabase }
    return sqlitePeer(new Database(file), (tx, sql, ...values) => tx.prepare(sql).all(...values))
  }
  const { DatabaseSync } = await import('node:sqlite')
  return sqlitePeer(new DatabaseSync(file), (tx, sql, ...values) => tx.prepare(sql).all(...values))
}

console.log(JSON.stringify(await outcomesOf(open)))
