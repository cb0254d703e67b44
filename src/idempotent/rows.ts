import type { KeptResponse, KeyId } from './store.ts'

/** The table, and the index by which what is expired is found. */
export const schema: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS holdfast_responses (
  principal TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  headers TEXT NOT NULL,
  body BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (principal, key)
) STRICT`,
  'CREATE INDEX IF NOT EXISTS holdfast_responses_expiry ON holdfast_responses (expires_at)',
]

export const selectSql = `SELECT fingerprint, status, headers, body, expires_at FROM holdfast_responses
WHERE principal = ? AND key = ? AND expires_at > ?`

/** Of the key itself, so that nothing is in the way of its new row. */
export const expireSql = 'DELETE FROM holdfast_responses WHERE principal = ? AND key = ? AND expires_at <= ?'

export const insertSql = 'INSERT INTO holdfast_responses VALUES (?, ?, ?, ?, ?, ?, ?)'

/** A few for each row that is written, so that the table shrinks, and no request pays for all that piled up. */
export const pruneSql = `DELETE FROM holdfast_responses WHERE rowid IN
(SELECT rowid FROM holdfast_responses WHERE expires_at <= ? LIMIT 8)`

export type Values = [string, string, string, number, string, Uint8Array, number]

/** What {@link insertSql} is given. */
export function valuesOf({ principal, key }: KeyId, kept: KeptResponse): Values {
  const { fingerprint, status, headers, body, expiresAt } = kept
  return [principal, key, fingerprint, status, JSON.stringify(headers), body, expiresAt]
}

/** What {@link selectSql} gives. */
export function keptIn([row]: readonly unknown[]): KeptResponse | undefined {
  if (row === undefined) return undefined
  if (typeof row !== 'object' || row === null) throw corrupt()
  const { fingerprint, status, headers, body, expires_at: expiresAt }: Row = row
  if (typeof fingerprint !== 'string' || typeof status !== 'number' || typeof expiresAt !== 'number') {
    throw corrupt()
  }
  return { fingerprint, status, headers: headersOf(headers), body: bytesOf(body), expiresAt }
}

interface Row {
  readonly fingerprint?: unknown
  readonly status?: unknown
  readonly headers?: unknown
  readonly body?: unknown
  readonly expires_at?: unknown
}

function headersOf(text: unknown): KeptResponse['headers'] {
  const list: unknown = typeof text === 'string' ? JSON.parse(text) : undefined
  if (!Array.isArray(list) || !list.every(isHeader)) throw corrupt()
  return list
}

function isHeader(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string')
}

/** A BLOB, as each engine gives it. */
function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  if (Array.isArray(body)) return Uint8Array.from(body, Number)
  throw corrupt()
}

function corrupt(): Error {
  return new Error('Cannot answer: a row of holdfast_responses is not as it was written')
}
