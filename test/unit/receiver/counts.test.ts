import { DatabaseSync } from 'node:sqlite'
import { createReceiver, RejectAck } from 'holdfast/receiver'
import { type SqliteDatabase, sqliteAcks } from 'holdfast/receiver/sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { authenticate, post, range } from './device.ts'

/** A database that writes down what it is asked to execute, and what it is asked to prepare. */
function counted() {
  const database = new DatabaseSync(':memory:')
  onTestFinished(() => database.close())
  const executed: string[] = []
  const prepared: string[] = []
  const note = (sql: string) => void executed.push(sql.split(' ').slice(0, 2).join(' '))
  const counting: SqliteDatabase = {
    exec(sql) {
      note(sql)
      database.exec(sql)
    },
    prepare(sql) {
      const statement = database.prepare(sql)
      prepared.push(sql)
      return {
        get(...values) {
          note(sql)
          return statement.get(...values)
        },
        run(...values) {
          note(sql)
          return statement.run(...values)
        },
      }
    },
  }
  return { counting, executed, prepared }
}

/** A receiver on such a database, and what is executed of each request. */
function receiver() {
  const { counting, executed, prepared } = counted()
  const rejects = new Set<number>()
  const receive = createReceiver({
    store: sqliteAcks(counting),
    authenticate,
    onAck({ sequence }) {
      if (rejects.has(sequence)) throw new RejectAck('unknown-job', 'Nothing is known of it')
    },
  })
  const during = async (request: Request): Promise<[number, ...string[]]> => {
    executed.length = 0
    const { status } = await receive(request)
    return [status, ...executed]
  }
  return { during, rejects, prepared }
}

const begin = ['BEGIN IMMEDIATE', 'SELECT principal,']
const accepted = ['SAVEPOINT holdfast_ack', 'RELEASE holdfast_ack']
const rejected = ['SAVEPOINT holdfast_ack', 'ROLLBACK TO', 'RELEASE holdfast_ack']
const end = ['INSERT OR', 'COMMIT']

describe('what a request costs the receiver in SQLite', () => {
  test('one transaction: a read, a savepoint for each acknowledgement, and a write', async () => {
    const { during } = receiver()
    expect(await during(post(range(1, 2)))).toEqual([200, ...begin, ...accepted, ...accepted, ...end])
  })

  test.each([1, 10, 500])('%i acknowledgements are two statements each, and four beside them', async (n) => {
    const { during } = receiver()
    const [status, ...statements] = await during(post(range(1, n)))
    expect(status).toBe(200)
    expect(statements).toHaveLength(2 * n + 4)
    expect(statements.filter((each) => each.startsWith('BEGIN'))).toHaveLength(1)
  })

  test('one that is rejected is a statement more, which undoes it alone', async () => {
    const { during, rejects } = receiver()
    rejects.add(1)
    expect(await during(post(range(1, 2)))).toEqual([200, ...begin, ...rejected, ...accepted, ...end])
  })

  test('what is known already, or comes too early, is read once and not written', async () => {
    const { during } = receiver()
    await during(post(range(1, 2)))
    expect(await during(post(range(1, 2)))).toEqual([200, ...begin, 'COMMIT'])
    expect(await during(post(range(4, 5)))).toEqual([409, ...begin, 'COMMIT'])
  })

  test('what is not a batch, or from nobody, does not reach the database, nor does a probe', async () => {
    const { during } = receiver()
    expect(await during(post('['))).toEqual([400])
    const nobody = post(range(1, 2))
    nobody.headers.delete('authorization')
    expect(await during(nobody)).toEqual([401])
    expect(await during(new Request('http://localhost/acks', { method: 'HEAD' }))).toEqual([204])
  })

  test('every statement was prepared before the first request', async () => {
    const { during, prepared } = receiver()
    expect(prepared).toHaveLength(5)
    await during(post(range(1, 10)))
    expect(prepared).toHaveLength(5)
  })
})
