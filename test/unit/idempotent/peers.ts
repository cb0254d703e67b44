/** The stores as the suite drives them. */
import { idempotent, memoryResponses, type Reply } from 'holdfast/idempotent'
import { type D1Database, d1Responses } from 'holdfast/idempotent/d1'
import { type ResponseDatabase, sqliteResponses } from 'holdfast/idempotent/sqlite'
import type { Act, Peer } from './suite.ts'

const table = 'CREATE TABLE IF NOT EXISTS effects (id INTEGER PRIMARY KEY, what TEXT NOT NULL)'
const insert = 'INSERT INTO effects (what) VALUES (?)'
const select = 'SELECT what FROM effects ORDER BY id'

export function memoryPeer(): Peer {
  const store = memoryResponses()
  const effects: string[] = []
  return {
    undoes: false,
    effects: async () => effects,
    endpoint: ({ act, ...options }) =>
      idempotent(
        async (request) => {
          const { effect, reply, throws } = act(request)
          await Promise.resolve()
          if (effect !== undefined) effects.push(effect)
          return replied(reply, throws)
        },
        { store, ...options },
      ),
  }
}

/** `run` executes one statement, and gives its rows. */
export function sqlitePeer<Database extends ResponseDatabase>(
  database: Database,
  run: (database: Database, sql: string, ...values: string[]) => readonly unknown[],
): Peer {
  const store = sqliteResponses(database)
  run(database, table)
  return {
    undoes: true,
    effects: async () => run(database, select).map(whatIn),
    endpoint: ({ act, ...options }) =>
      idempotent(
        (request, tx) => {
          const { effect, reply, throws } = act(request)
          if (effect !== undefined) run(tx, insert, effect)
          return replied(reply, throws)
        },
        { store, ...options },
      ),
  }
}

export async function d1Peer(database: D1Database): Promise<Peer> {
  await database.batch([database.prepare(table)])
  return {
    undoes: true,
    effects: async () => (await database.prepare(select).all()).results.map(whatIn),
    endpoint: ({ act, ...options }) =>
      idempotent(
        (request, tx) => {
          const { effect, reply, throws } = act(request)
          const statements = effect === undefined ? [] : [tx.prepare(insert).bind(effect)]
          return { response: replied(reply, throws), statements }
        },
        { store: d1Responses(database), ...options },
      ),
  }
}

function replied(reply: Reply = {}, throws: Act['throws']): Reply {
  if (throws !== undefined) throw throws
  return reply
}

function whatIn(row: unknown): string {
  return typeof row === 'object' && row !== null && 'what' in row ? String(row.what) : ''
}
