/** D1's interface over a database in this process: each batch is a transaction, and everything is asynchronous. */
import type { DatabaseSync } from 'node:sqlite'
import type { D1Database, D1Statement } from 'holdfast/idempotent/d1'

export function d1InNode(database: DatabaseSync): D1Database {
  const runs = new WeakMap<D1Statement, () => readonly unknown[]>()
  const statement = (sql: string, values: readonly unknown[]): D1Statement => {
    const run = (): readonly unknown[] => database.prepare(sql).all(...values.map(bindable))
    const bound: D1Statement = {
      bind: (...others) => statement(sql, others),
      all: async () => ({ results: run() }),
    }
    runs.set(bound, run)
    return bound
  }
  return {
    prepare: (sql) => statement(sql, []),
    async batch(statements) {
      await Promise.resolve()
      database.exec('BEGIN IMMEDIATE')
      try {
        for (const each of statements) runs.get(each)?.()
        database.exec('COMMIT')
      } catch (error) {
        database.exec('ROLLBACK')
        throw error
      }
    },
  }
}

function bindable(value: unknown): string | number | Uint8Array {
  if (typeof value === 'string' || typeof value === 'number' || value instanceof Uint8Array) return value
  throw new TypeError(`Cannot bind ${typeof value}`)
}
