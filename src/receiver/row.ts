/** A source's record as a row, the same in every SQLite. */
import { isRecord, isSequence, type Rejection } from '../sync/wire.ts'
import type { SourceRecord } from './store.ts'

export const schema = `CREATE TABLE IF NOT EXISTS holdfast_sources (
  source TEXT PRIMARY KEY,
  principal TEXT NOT NULL,
  mark INTEGER NOT NULL,
  id TEXT NOT NULL,
  rejected TEXT NOT NULL
) STRICT, WITHOUT ROWID`

export const select = 'SELECT principal, mark, id, rejected FROM holdfast_sources WHERE source = ?'

/** The values of a row, in the order of its columns. */
export function rowOf(source: string, record: SourceRecord): [string, string, number, string, string] {
  return [source, record.principal, record.mark, record.id, JSON.stringify(record.rejected)]
}

export function recordOf(row: unknown): SourceRecord | undefined {
  if (row === undefined || row === null) return undefined
  if (!isRecord(row)) throw corrupt()
  const { principal, mark, id, rejected } = row
  if (typeof principal !== 'string' || !isSequence(mark) || typeof id !== 'string') throw corrupt()
  return { principal, mark, id, rejected: rejectionsOf(rejected) }
}

function rejectionsOf(text: unknown): readonly Rejection[] {
  const list: unknown = typeof text === 'string' ? JSON.parse(text) : undefined
  if (!Array.isArray(list) || !list.every(isRejection)) throw corrupt()
  return list
}

function isRejection(value: unknown): value is Rejection {
  if (!isRecord(value)) return false
  return isSequence(value.sequence) && typeof value.code === 'string' && typeof value.message === 'string'
}

function corrupt(): Error {
  return new Error('Cannot settle: a row of holdfast_sources is not as it was written')
}
