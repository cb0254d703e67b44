import { DatabaseSync } from 'node:sqlite'
import { createReceiver, type ReceiverOptions, RejectAck } from 'holdfast/receiver'
import { type D1Database, type D1Effect, type D1Statement, d1Acks } from 'holdfast/receiver/d1'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type D1InNode, d1InNode, type Weather } from './d1-in-node.ts'
import { authenticate, completed, lost, post, range, source } from './device.ts'
import { type Bench, storeTests } from './store-suite.ts'

function opened(): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  onTestFinished(() => database.close())
  database.exec('CREATE TABLE effects (sequence INTEGER NOT NULL CHECK (sequence < 1000))')
  return database
}

function effects(database: DatabaseSync): unknown[] {
  return database
    .prepare('SELECT sequence FROM effects ORDER BY rowid')
    .all()
    .map((row) => row.sequence)
}

function insert(d1: D1Database, sequence: number): D1Statement {
  return d1.prepare('INSERT INTO effects VALUES (?)').bind(sequence)
}

describe('d1Acks, as a store of acknowledgements', () => {
  let database: DatabaseSync
  const bench: Bench<D1InNode, D1Effect> = {
    open() {
      database = opened()
      return d1Acks(d1InNode(database))
    },
    nothing: undefined,
    effects: { write: insert, written: async () => effects(database) },
  }
  for (const [name, run] of Object.entries(storeTests(bench))) test(name, run)
})

type OnAck = ReceiverOptions<D1InNode, D1Effect | Promise<D1Effect>>['onAck']

function receiver(onAck: OnAck, weather?: Weather) {
  const database = opened()
  const d1 = d1InNode(database, weather)
  const errors: unknown[][] = []
  const receive = createReceiver({
    store: d1Acks(d1),
    authenticate,
    onAck,
    onError: (error, ack) => void errors.push([String(error), ack?.sequence]),
  })
  const mark = (): unknown =>
    database.prepare('SELECT mark FROM holdfast_sources WHERE source = ?').get(source)?.mark
  return { receive, d1, database, errors, effects: () => effects(database), mark }
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('a receiver on D1', () => {
  test('runs what onAck returns in one batch with the mark: a statement, several, none', async () => {
    const { receive, d1, effects, mark } = receiver(({ sequence }, tx) => {
      if (sequence === 2) return [insert(tx, 20), insert(tx, 21)]
      return sequence === 3 ? undefined : insert(tx, sequence)
    })
    expect((await receive(post(range(1, 4)))).status).toBe(200)
    expect([effects(), mark(), d1.batches]).toEqual([[1, 20, 21, 4], 4, [5]])
  })

  test('waits for an onAck that is asynchronous', async () => {
    const { receive, effects } = receiver(async ({ sequence }, tx) => {
      await Promise.resolve()
      if (sequence === 2) throw new RejectAck('even', 'Not this one')
      return insert(tx, sequence)
    })
    const answer = await receive(post(range(1, 3)))
    expect(await answer.json()).toMatchObject({ acknowledged: 3, rejected: [{ sequence: 2, code: 'even' }] })
    expect(effects()).toEqual([1, 3])
  })

  test('settles what comes before an onAck that throws', async () => {
    const { receive, effects, mark, errors } = receiver(({ sequence }, tx) => {
      if (sequence === 3) throw new Error('not now')
      return insert(tx, sequence)
    })
    expect((await receive(post(range(1, 5)))).status).toBe(503)
    expect([effects(), mark(), errors]).toEqual([[1, 2], 2, [['Error: not now', 3]]])
  })

  test.each([1, 2, 7, 49, 50, 97, 98])(
    'settles what comes before a statement that fails, whichever of 98 it is: %i',
    async (bad) => {
      const { receive, d1, effects, mark, errors } = receiver(({ sequence }, tx) =>
        insert(tx, sequence === bad ? 1_000 : sequence),
      )
      expect((await receive(post(range(1, 98)))).status).toBe(503)
      expect(effects()).toEqual(numbers(1, bad - 1))
      expect(mark()).toBe(bad === 1 ? undefined : bad - 1)
      expect(errors).toEqual([[expect.stringContaining('CHECK'), bad]])
      expect(d1.batches.length).toBeLessThan(20)
    },
  )

  test('goes on after a failure once the statement is mended', async () => {
    let bad = 5
    const { receive, effects } = receiver(({ sequence }, tx) =>
      insert(tx, sequence === bad ? 1_000 : sequence),
    )
    await receive(post(range(1, 9)))
    bad = 0
    expect((await receive(post(range(1, 9)))).status).toBe(200)
    expect(effects()).toEqual(numbers(1, 9))
  })

  test('splits what is many statements, and each batch moves the mark', async () => {
    const { receive, d1, effects, mark } = receiver(({ sequence }, tx) => insert(tx, sequence))
    expect((await receive(post(range(1, 450)))).status).toBe(200)
    expect(effects()).toEqual(numbers(1, 450))
    expect(mark()).toBe(450)
    expect(d1.batches).toEqual([101, 101, 101, 101, 51])
  })

  test('keeps what a batch committed when the next ones are refused, and counts it when sent again', async () => {
    let isDown = false
    const { receive, effects, mark, errors } = receiver(
      ({ sequence }, tx) => insert(tx, sequence),
      (batch) => {
        isDown ||= batch === 2
        return isDown && batch < 20 ? 'refused' : 'fair'
      },
    )
    expect((await receive(post(range(1, 150)))).status).toBe(503)
    expect([effects(), mark()]).toEqual([numbers(1, 100), 100])
    expect(errors).toEqual([['Error: D1_ERROR: overloaded', 101]])
    isDown = false
    expect((await receive(post(range(1, 150)))).status).toBe(200)
    expect(effects()).toEqual(numbers(1, 150))
  })

  test('notices that a batch went through although its answer was lost', async () => {
    const { receive, effects } = receiver(
      ({ sequence }, tx) => insert(tx, sequence),
      (batch) => (batch % 2 === 1 ? 'answer lost' : 'fair'),
    )
    expect(await (await receive(post(range(1, 250)))).json()).toEqual({
      acknowledged: 250,
      id: '250-job-250',
      rejected: [],
    })
    expect(effects()).toEqual(numbers(1, 250))
  })

  test('tells of a rejection that was committed, also when the answer to it was lost', async () => {
    const { receive } = receiver(
      ({ sequence }, tx) => {
        if (sequence === 2) throw new RejectAck('even', 'Not this one')
        return insert(tx, sequence)
      },
      (batch) => (batch === 1 ? 'answer lost' : 'fair'),
    )
    const rejected = [{ sequence: 2, code: 'even', message: 'Not this one' }]
    expect(await (await receive(post(range(1, 3)))).json()).toMatchObject({ acknowledged: 3, rejected })
  })

  test('answers 503 when the mark alone cannot be written', async () => {
    const { receive, errors, mark } = receiver(
      () => undefined,
      () => 'refused',
    )
    expect((await receive(post([lost(1, 5)]))).status).toBe(503)
    expect([mark(), errors]).toEqual([undefined, [['Error: D1_ERROR: overloaded', undefined]]])
  })

  test('runs no effect when its row was removed or moved meanwhile, but decides again', async () => {
    const interferences = [
      'DELETE FROM holdfast_sources',
      "UPDATE holdfast_sources SET mark = 4, id = '4-job-4'",
    ]
    for (const interference of interferences) {
      let isOver = false
      const { receive, database, effects } = receiver(({ sequence }, tx) => {
        if (!isOver && sequence === 3) {
          isOver = true
          database.exec(interference)
        }
        return insert(tx, sequence)
      })
      await receive(post(range(1, 2)))
      const { status } = await receive(post(range(3, 5)))
      const isGone = interference.startsWith('DELETE')
      expect([status, effects()]).toEqual(isGone ? [409, [1, 2]] : [200, [1, 2, 5]])
    }
  })

  test('applies each number once when many requests of one source, and of others, come at once', async () => {
    const { receive, effects, mark } = receiver(({ sequence, source: from }, tx) =>
      from === source ? insert(tx, sequence) : undefined,
    )
    const others = Array.from({ length: 5 }, (_, n) =>
      receive(post([completed(1, 'job', `/holdfast/photos/other-${n}`)])),
    )
    const own = Array.from({ length: 10 }, (_, n) => receive(post(range(1, 20 + 3 * n))))
    const answers = await Promise.all([...own, ...others])
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect([effects(), mark()]).toEqual([numbers(1, 47), 47])
  })

  test('refuses an onAck that returns anything else, aloud, and settles nothing', async () => {
    for (const wrong of [7, 'INSERT', {}, [undefined], [[]]]) {
      const { receive, mark, effects } = receiver(({ sequence }, tx) =>
        sequence === 2 ? (wrong as unknown as D1Effect) : insert(tx, sequence),
      )
      const refusal = receive(post(range(1, 2)))
      await expect(refusal).rejects.toThrow('onAck returned something else than statements prepared on D1')
      await expect(refusal).rejects.toBeInstanceOf(TypeError)
      expect(effects()).toEqual([])
      expect(mark()).toBeUndefined()
    }
  })

  test('makes its table once, and then reads once and commits once a request', async () => {
    const { receive, d1 } = receiver(({ sequence }, tx) => insert(tx, sequence))
    await receive(post(range(1, 1)))
    expect(d1.alone.map((sql) => sql.slice(0, 6))).toEqual(['SELECT', 'CREATE', 'SELECT'])
    await receive(post(range(2, 3)))
    expect(d1.alone.slice(3).map((sql) => sql.slice(0, 6))).toEqual(['SELECT'])
    expect(d1.batches).toEqual([2, 3])
  })
})
