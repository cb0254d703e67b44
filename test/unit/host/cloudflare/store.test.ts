import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { type DurableObjectStorage, durableObjectStore } from '../../../../src/host/cloudflare/index.ts'
import { createQueue } from '../../../../src/index.ts'
import { nodeSqlite, type SqliteValue } from '../../../../src/sqlite/index.ts'

/** What a Durable Object's storage has, on Node's SQLite. */
function storage(): DurableObjectStorage {
  const database = new DatabaseSync(':memory:')
  const { transaction } = nodeSqlite(database)
  return {
    sql: {
      exec(sql, ...values: SqliteValue[]) {
        const isScript = values.length === 0 && !sql.startsWith('SELECT')
        const rows = isScript ? [] : database.prepare(sql).all(...values)
        if (isScript) database.exec(sql)
        return { toArray: () => rows }
      },
    },
    transactionSync: (work) => transaction('write', work),
  }
}

test('queues of one object share its storage, however often they ask for it', async () => {
  const object = storage()
  const handlers = { work: () => 'done' }
  expect(durableObjectStore(object)).toBe(durableObjectStore(object))
  expect(durableObjectStore(object)).not.toBe(durableObjectStore(storage()))
  const open = (name: string) => createQueue({ name, store: durableObjectStore(object), handlers })
  const [mail, bills] = [open('mail'), open('bills')]
  expect(await mail.enqueue('work')).toMatchObject({ durable: true })
  expect((await bills.info()).counts.pending).toBe(0)
  await mail.drain()
  expect((await mail.info()).counts.completed).toBe(1)
  await Promise.all([mail.close(), bills.close()])
})

test('a queue that nobody closed keeps no other from being opened, as after an eviction', async () => {
  const object = storage()
  const handlers = { work: () => 'done' }
  const open = (url: string) =>
    createQueue({ name: 'mail', store: durableObjectStore(object), handlers, sync: { url, fetch } })
  open('https://example.test/old')
  const queue = open('https://example.test/new')
  await queue.enqueue('work')
  await queue.close()
})
