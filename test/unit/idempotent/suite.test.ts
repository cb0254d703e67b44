import { DatabaseSync } from 'node:sqlite'
import { describe, onTestFinished, test } from 'vitest'
import { memoryPeer, sqlitePeer } from './peers.ts'
import { cases, type Peer } from './suite.ts'

function nodePeer(): Peer {
  const database = new DatabaseSync(':memory:')
  onTestFinished(() => database.close())
  return sqlitePeer(database, (tx, sql, ...values) => tx.prepare(sql).all(...values))
}

describe.each([
  ['memoryResponses', memoryPeer],
  ['sqliteResponses, in Node', nodePeer],
] as const)('an endpoint on %s', (_, open) => {
  for (const [name, run] of Object.entries(cases)) test(name, () => run(open()))
})
