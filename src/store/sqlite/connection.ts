import { corruptStore } from '../failures.ts'
import type { SqliteDriver, SqliteStatement, SqliteValue } from './driver.ts'

/** One row, by column; of what types its values are is looked at where they are used. */
export type Row = Readonly<Record<string, unknown>>

/** An open database. */
export interface Connection {
  readonly driver: SqliteDriver
  all(sql: string, ...values: SqliteValue[]): readonly Row[]
  run(sql: string, ...values: SqliteValue[]): void
  /** Puts what was committed on the disk; absent where each commit does. */
  readonly flush?: () => Promise<void> | undefined
}

/** Whether other processes may use the same file at the same time. */
export function isShared({ durable, exclusive }: SqliteDriver): boolean {
  return durable && !exclusive
}

/** Statements are prepared at their first use. */
export function prepared(driver: SqliteDriver): Connection {
  const statements = new Map<string, SqliteStatement>()
  const statement = (sql: string): SqliteStatement => {
    const made = statements.get(sql) ?? driver.prepare(sql)
    statements.set(sql, made)
    return made
  }
  return {
    driver,
    // Rows are objects in every driver, and each value is checked where it is taken.
    all: (sql, ...values) => statement(sql).all(...values) as Row[],
    run(sql, ...values) {
      statement(sql).run(...values)
    },
  }
}

/** @throws QueueError `store-corrupt` */
export function textIn(row: Row, column: string, identity: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw corruptStore(identity, `a ${column} is damaged`)
  return value
}

/** @throws QueueError `store-corrupt` */
export function numberIn(row: Row, column: string, identity: string): number {
  const value = row[column]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw corruptStore(identity, `a ${column} is damaged`)
  }
  return value
}
