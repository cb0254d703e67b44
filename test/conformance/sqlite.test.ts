import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { nodeSqlite, sqliteStore } from 'holdfast/sqlite'
import { afterAll, describe, vi, test } from 'vitest'
import type { StoreFactory } from '../../src/store/contract.ts'
import { storeConformance } from '../../src/testing/conformance.ts'

// A commit waits for the disk.
vi.setConfig({ testTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'holdfast-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a file', () => {
  const factory = (): StoreFactory => sqliteStore({ path: join(folder, 'one.db') })
  storeConformance({ test, factory, reopen: factory })
})

describe('a file, each handle on a connection of its own', () => {
  const path = join(folder, 'many.db')
  const factory = (): StoreFactory => (queueName) => sqliteStore({ path, pollMs: 5 })(queueName)
  storeConformance({ test, factory, reopen: factory })
})

describe('memory', () => {
  storeConformance({ test, factory: () => sqliteStore({ path: ':memory:' }) })
})

describe('a connection of the application', () => {
  const databases: DatabaseSync[] = []
  afterAll(() => {
    for (const database of databases) database.close()
  })
  const factory = (): StoreFactory => {
    const database = new DatabaseSync(join(folder, `${randomUUID()}.db`))
    databases.push(database)
    return sqliteStore({ driver: nodeSqlite(database) })
  }
  storeConformance({ test, factory })
})
