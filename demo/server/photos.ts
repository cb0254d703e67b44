import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream, renameSync } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { json, problem, type Reply } from './reply.ts'

/** One stored photo, as the API tells of it. */
export interface StoredPhoto {
  readonly key: string
  readonly name: string
  readonly caption: string
  readonly type: string
  readonly bytes: number
  readonly sha256: string
  readonly receivedAt: number
}

/** What the client says of a photo beside its bytes. */
export interface Upload {
  readonly principal: string
  /** The idempotency key. */
  readonly key: string
  readonly name: string
  readonly caption: string
  readonly type: string
}

/** Photos on disk, each under its idempotency key. */
export interface Photos {
  /** Stores a request's body; the same key again is answered as the first time, and stores nothing. */
  take(upload: Upload, request: IncomingMessage): Promise<Reply>
  serve(principal: string, key: string, response: ServerResponse): Promise<Reply | undefined>
  list(principal: string, limit: number): { readonly count: number; readonly newest: readonly StoredPhoto[] }
}

/** Types a browser may show as they are; anything else is only offered for download. */
const shown = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif'])

const schema = `CREATE TABLE IF NOT EXISTS photos (
  principal TEXT NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  caption TEXT NOT NULL,
  type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  receivedAt INTEGER NOT NULL,
  PRIMARY KEY (principal, key)
) STRICT`

const columns = 'key, name, caption, type, bytes, sha256, receivedAt'

/** Files go to `<folder>/<principal>/<key>`; what is known of them goes to the table `photos`. */
export function createPhotos(database: DatabaseSync, folder: string): Photos {
  database.exec(schema)
  const find = database.prepare(`SELECT ${columns} FROM photos WHERE principal = ? AND key = ?`)
  const insert = database.prepare('INSERT OR IGNORE INTO photos VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const count = database.prepare('SELECT count(*) AS count FROM photos WHERE principal = ?')
  const newest = database.prepare(
    `SELECT ${columns} FROM photos WHERE principal = ? ORDER BY receivedAt DESC, rowid DESC LIMIT ?`,
  )
  const pathOf = (principal: string, key: string): string => join(folder, principal, key)

  return {
    async take({ principal, key, name, caption, type }, request) {
      const path = pathOf(principal, key)
      await mkdir(join(folder, principal), { recursive: true })
      const { part, bytes, sha256 } = await writePart(path, request)
      const isNew = find.get(principal, key) === undefined
      if (isNew) {
        // The file first: a row whose file is missing would be a lie, a file without a row is written over. Without a
        // wait in between: two requests of one key may be here at once.
        renameSync(part, path)
        insert.run(principal, key, name, caption, type, bytes, sha256, Date.now())
      } else await rm(part)
      const stored = photoOf(find.get(principal, key))
      if (stored.sha256 !== sha256) return problem(422, 'This Idempotency-Key was used for another photo')
      return json(isNew ? 201 : 200, stored, { etag: `"${stored.sha256}"` })
    },

    async serve(principal, key, response) {
      const row = find.get(principal, key)
      if (row === undefined) return problem(404, 'There is no such photo')
      const { type, bytes } = photoOf(row)
      const file = await open(pathOf(principal, key)).catch(missing)
      if (file === undefined) return problem(404, 'The photo is gone from the disk')
      response.writeHead(200, {
        'content-type': shown.has(type) ? type : 'application/octet-stream',
        'content-length': bytes,
        'cache-control': 'private, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
      })
      await pipeline(file.createReadStream(), response)
      return undefined
    },

    list(principal, limit) {
      const rows = newest.all(principal, limit)
      return { count: Number(count.get(principal)?.count), newest: rows.map(photoOf) }
    },
  }
}

function missing(error: unknown): undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
}

/** Streams a body beside its place, so that what is under a key is always whole. */
async function writePart(
  path: string,
  request: IncomingMessage,
): Promise<{ readonly part: string; readonly bytes: number; readonly sha256: string }> {
  const part = `${path}.${randomUUID()}.part`
  const hash = createHash('sha256')
  let bytes = 0
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  try {
    await pipeline(request, measure, createWriteStream(part))
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  return { part, bytes, sha256: hash.digest('hex') }
}

function photoOf(row: Record<string, unknown> | undefined): StoredPhoto {
  const text = (name: string): string => String(row?.[name])
  const number = (name: string): number => Number(row?.[name])
  return {
    key: text('key'),
    name: text('name'),
    caption: text('caption'),
    type: text('type'),
    bytes: number('bytes'),
    sha256: text('sha256'),
    receivedAt: number('receivedAt'),
  }
}
