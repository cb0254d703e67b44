import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { idempotent } from 'holdfast/idempotent'
import { sqliteResponses } from 'holdfast/idempotent/sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { post } from './suite.ts'

function opened(file = ':memory:'): DatabaseSync {
  const database = new DatabaseSync(file)
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  database.exec('CREATE TABLE IF NOT EXISTS orders (what TEXT NOT NULL)')
  return database
}

function onDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-responses-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'orders.db')
}

function rows(database: DatabaseSync, table: string): number {
  return Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
}

function ordersOn(
  database: DatabaseSync,
  options: { waitMs?: number; keepMs?: number; now?: () => number } = {},
) {
  return idempotent(
    (request, tx) => {
      tx.prepare('INSERT INTO orders VALUES (?)').run(request.text())
      return { status: 201, json: { orders: rows(tx, 'orders') } }
    },
    { store: sqliteResponses(database), ...options },
  )
}

describe('on SQLite', () => {
  test('the handler gets the database, inside the transaction', async () => {
    const database = opened()
    const within: unknown[] = []
    const endpoint = idempotent(
      (_, tx) => {
        within.push(tx === database && tx.isTransaction)
        return {}
      },
      { store: sqliteResponses(database) },
    )
    await endpoint(post('a'))
    expect([within, database.isTransaction]).toEqual([[true], false])
  })

  test('of two that were prepared at once one takes effect', async () => {
    const database = opened()
    const gate = Promise.withResolvers<string>()
    let waiting = 0
    const endpoint = idempotent(
      (_, tx, what: string) => {
        tx.prepare('INSERT INTO orders VALUES (?)').run(what)
        return { json: rows(tx, 'orders') }
      },
      {
        store: sqliteResponses(database),
        prepare: () => {
          waiting += 1
          return gate.promise
        },
      },
    )
    const both = [endpoint(post('a')), endpoint(post('a'))]
    await expect.poll(() => waiting).toBe(2)
    gate.resolve('prepared')
    expect(await Promise.all(both.map(async (one) => (await one).text()))).toEqual(['1', '1'])
    expect(rows(database, 'orders')).toBe(1)
  })

  test('the effect is undone when the response cannot be kept', async () => {
    const database = opened()
    const order = ordersOn(database)
    await order(post('a'))
    database.exec(`CREATE TRIGGER full BEFORE INSERT ON holdfast_responses
      BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`)
    await expect(order(post('b', { key: 'k-2' }))).rejects.toThrow('the disk is full')
    expect([rows(database, 'orders'), database.isTransaction]).toEqual([1, false])
    database.exec('DROP TRIGGER full')
    expect((await order(post('b', { key: 'k-2' }))).status).toBe(201)
  })

  test('everything is remembered over a restart', async () => {
    const file = onDisk()
    const first = opened(file)
    const [status, text] = await ordersOn(first)(post('a')).then(async (one) => [
      one.status,
      await one.text(),
    ])
    first.close()
    const second = opened(file)
    const again = await ordersOn(second)(post('a'))
    expect([again.status, await again.text()]).toEqual([status, text])
    expect(rows(second, 'orders')).toBe(1)
  })

  test('a handler that returns a promise is refused aloud, and nothing is done', async () => {
    const database = opened()
    // As from a program without types.
    const handler = async (): Promise<never> => {
      database.exec(`INSERT INTO orders VALUES ('a')`)
      await Promise.resolve()
      throw new Error('too late to matter')
    }
    const endpoint = idempotent(handler as unknown as () => object, { store: sqliteResponses(database) })
    const refusal = endpoint(post('a'))
    await expect(refusal).rejects.toBeInstanceOf(TypeError)
    await expect(refusal).rejects.toThrow('the handler returned a promise')
    expect([rows(database, 'orders'), database.isTransaction]).toEqual([0, false])
  })

  test('a Response is taken if it has no body, and says what to return instead if it has', async () => {
    const database = opened()
    let given = new Response('a')
    const handler = (): object => given
    const endpoint = idempotent(handler, { store: sqliteResponses(database) })
    await expect(endpoint(post('a'))).rejects.toThrow('return { status, headers, body }')
    given = new Response(null, { status: 204, headers: { etag: '"1"' } })
    for (const _ of ['first', 'again']) {
      const response = await endpoint(post('a'))
      expect([response.status, response.headers.get('etag')]).toEqual([204, '"1"'])
    }
  })

  test('GET reads while another process writes', async () => {
    const file = onDisk()
    const [database, rival] = [opened(file), opened(file)]
    database.exec('PRAGMA journal_mode = WAL')
    const count = idempotent((_, tx) => ({ json: rows(tx, 'orders') }), { store: sqliteResponses(database) })
    await count(post('', { method: 'GET' }))
    rival.exec(`BEGIN IMMEDIATE; INSERT INTO orders VALUES ('a')`)
    expect(await (await count(post('', { method: 'GET' }))).json()).toBe(0)
    rival.exec('COMMIT')
    expect(await (await count(post('', { method: 'GET' }))).json()).toBe(1)
  })

  test.each(['WAL', 'DELETE'])('a locked database is waited for, with journal_mode %s', async (mode) => {
    const file = onDisk()
    const [database, rival] = [opened(file), opened(file)]
    database.exec(`PRAGMA journal_mode = ${mode}`)
    const order = ordersOn(database)
    rival.exec('BEGIN EXCLUSIVE')
    let isAnswered = false
    const answer = order(post('a')).finally(() => {
      isAnswered = true
    })
    // The thread is free meanwhile.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect([isAnswered, rows(rival, 'orders')]).toEqual([false, 0])
    rival.exec('COMMIT')
    expect((await answer).status).toBe(201)
    expect(rows(database, 'orders')).toBe(1)
  })

  test.each([0, 5])(
    'a database that is locked for waitMs (%j) is answered 503, with Retry-After',
    async (waitMs) => {
      const file = onDisk()
      const [database, rival] = [opened(file), opened(file)]
      rival.exec('BEGIN EXCLUSIVE')
      const response = await ordersOn(database, { waitMs })(post('a'))
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await response.json()).toMatchObject({ code: 'database-busy' })
      rival.exec('COMMIT')
      expect(rows(database, 'orders')).toBe(0)
    },
  )

  test('what is expired is removed, a few at a time', async () => {
    const database = opened()
    let now = 1_000
    const order = ordersOn(database, { keepMs: 100, now: () => now })
    for (let index = 0; index < 20; index += 1) await order(post('a', { key: `old-${index}` }))
    now += 100
    const left: number[] = []
    for (let index = 0; index < 4; index += 1) {
      await order(post('a', { key: `new-${index}` }))
      left.push(rows(database, 'holdfast_responses'))
    }
    expect(left).toEqual([13, 6, 3, 4])
  })

  test('a row that is not as it was written is an error', async () => {
    const database = opened()
    const order = ordersOn(database)
    await order(post('a'))
    for (const headers of ['nonsense', '{}', '[7]', '[["a"]]', '[["a",7]]']) {
      database.prepare('UPDATE holdfast_responses SET headers = ?').run(headers)
      await expect(order(post('a'))).rejects.toThrow()
    }
    expect(rows(database, 'orders')).toBe(1)
  })
})
