/** D1's interface over a database in this process: each batch is a transaction, and everything is asynchronous. */
import type { DatabaseSync } from 'node:sqlite'
import type { D1Database, D1Statement } from 'holdfast/receiver/d1'

/** What happens to a batch, by its number from 1. */
export type Weather = (batch: number) => 'fair' | 'refused' | 'answer lost'

export interface D1InNode extends D1Database {
  /** How many statements each batch had. */
  readonly batches: readonly number[]
  /** The texts of what ran outside of batches. */
  readonly alone: readonly string[]
}

export function d1InNode(database: DatabaseSync, weather: Weather = () => 'fair'): D1InNode {
  const runs = new WeakMap<D1Statement, () => readonly unknown[]>()
  const batches: number[] = []
  const alone: string[] = []
  const statement = (sql: string, values: readonly unknown[]): D1Statement => {
    const run = (): readonly unknown[] => database.prepare(sql).all(...values.map(bindable))
    const bound: D1Statement = {
      bind: (...others) => statement(sql, others),
      async all() {
        alone.push(sql)
        await Promise.resolve()
        return { results: run() }
      },
    }
    runs.set(bound, run)
    return bound
  }
  return {
    batches,
    alone,
    prepare: (sql) => statement(sql, []),
    async batch(statements) {
      const fate = weather(batches.push(statements.length))
      await Promise.resolve()
      if (fate === 'refused') throw new Error('D1_ERROR: overloaded')
      database.exec('BEGIN IMMEDIATE')
      try {
        for (const each of statements) runs.get(each)?.()
        database.exec('COMMIT')
      } catch (error) {
        database.exec('ROLLBACK')
        throw error
      }
      if (fate === 'answer lost') throw new Error('D1_ERROR: network connection lost')
    },
  }
}

function bindable(value: unknown): string | number | null {
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value
  throw new TypeError(`Cannot bind ${typeof value}`)
}
