import { DatabaseSync } from 'node:sqlite'
import { idempotent } from 'holdfast/idempotent'
import { type D1Database, d1Responses } from 'holdfast/idempotent/d1'
import { describe, expect, onTestFinished, test } from 'vitest'
import { d1InNode } from './d1-in-node.ts'
import { d1Peer } from './peers.ts'
import { cases, post } from './suite.ts'

function opened(): { database: DatabaseSync; d1: D1Database; orders: () => unknown[] } {
  const database = new DatabaseSync(':memory:')
  onTestFinished(() => database.close())
  database.exec('CREATE TABLE orders (who TEXT PRIMARY KEY)')
  const orders = (): unknown[] =>
    database
      .prepare('SELECT who FROM orders')
      .all()
      .map(({ who }) => who)
  return { database, d1: d1InNode(database), orders }
}

const insert = (db: D1Database, who: string) => db.prepare('INSERT INTO orders VALUES (?)').bind(who)

describe('an endpoint on d1Responses, over a database in this process', () => {
  for (const [name, run] of Object.entries(cases)) test(name, async () => run(await d1Peer(opened().d1)))
})

describe('on D1', () => {
  test('a response is given again when it was committed, and only the answer of the batch was lost', async () => {
    const { d1, orders } = opened()
    const lossy: D1Database = {
      prepare: (sql) => d1.prepare(sql),
      async batch(statements) {
        await d1.batch(statements)
        if (orders().length > 0) throw new Error('Network connection lost')
      },
    }
    const order = idempotent(
      (request, db) => ({ response: new Response('yes'), statements: [insert(db, request.text())] }),
      { store: d1Responses(lossy) },
    )
    const response = await order(post('ada'))
    expect([response.status, await response.text()]).toEqual([200, 'yes'])
    expect(orders()).toEqual(['ada'])
  })

  test('what a statement violates is thrown on, nothing of it is done, and the key is free', async () => {
    const { d1, orders } = opened()
    const order = idempotent(
      (request, db) => ({
        response: new Response('yes'),
        statements: request
          .text()
          .split(',')
          .map((who) => insert(db, who)),
      }),
      { store: d1Responses(d1) },
    )
    await expect(order(post('ada,ada'))).rejects.toThrow('UNIQUE constraint failed: orders.who')
    expect(orders()).toEqual([])
    expect((await order(post('ada'))).status).toBe(200)
  })

  test('a duplicate that objects to what the first has done gets the answer of the first', async () => {
    const { d1, orders } = opened()
    for (const [index, objection] of ['answer', 'throw'].entries()) {
      const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      let runs = 0
      const order = idempotent(
        async (request, db) => {
          runs += 1
          if (runs === 1) {
            await first.promise
            return { response: new Response('yes'), statements: [insert(db, request.text())] }
          }
          await second.promise
          if (objection === 'throw') throw new Error('There is an order already')
          return { response: new Response('taken', { status: 409 }), statements: [] }
        },
        { store: d1Responses(d1) },
      )
      const send = (): Promise<Response> => order(post(`ada ${index}`, { key: `k-${index}` }))
      const [one, two] = [send(), send()]
      await expect.poll(() => runs).toBe(2)
      first.resolve()
      // Either may have been the first to get to its handler.
      await Promise.race([one, two])
      second.resolve()
      expect(await Promise.all([one, two].map(async (each) => (await each).text()))).toEqual(['yes', 'yes'])
      expect(orders()).toHaveLength(index + 1)
    }
  })

  test('a handler may answer with a response alone, and one without a key still does its statements', async () => {
    const { d1, orders } = opened()
    const store = d1Responses(d1)
    expect(await (await idempotent(() => new Response('a'), { store })(post('x'))).text()).toBe('a')
    const order = idempotent(
      async (_, db) => ({ response: { status: 202 }, statements: [insert(db, 'ada')] }),
      { store, required: false },
    )
    expect((await order(post('x', { key: null }))).status).toBe(202)
    expect(orders()).toEqual(['ada'])
  })

  test('statements that are none are an error', async () => {
    const store = d1Responses(opened().d1)
    const handler = () => ({ response: new Response(), statements: JSON.parse('{}') })
    await expect(idempotent(handler, { store })(post('x'))).rejects.toThrow('statements is not an array')
  })
})
