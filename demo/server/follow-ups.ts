import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DatabaseSync } from 'node:sqlite'
import { json, problem, type Reply, send } from './reply.ts'

/** What the edge has done after photos were stored, as the API tells of it. */
export interface FollowedUp {
  /** The keys of photos that have a thumbnail. */
  readonly thumbnails: readonly string[]
  /** The keys of photos whose owner was told. */
  readonly notified: readonly string[]
}

/** What is done at the edge once a photo is stored. */
export interface FollowUps {
  /** Hands a stored photo to the edge, if there is one. Rejects unless its jobs are durable there. */
  hand(photo: { readonly principal: string; readonly key: string }): Promise<void>
  /** `PUT /thumbnails/<principal>/<key>` and `PUT /notifications/<principal>/<key>`: again is as once. */
  take(
    room: 'thumbnails' | 'notifications',
    principal: string,
    key: string,
    request: IncomingMessage,
  ): Promise<Reply>
  serveThumbnail(principal: string, key: string, response: ServerResponse): Reply | undefined
  list(principal: string): FollowedUp
}

const schema = `CREATE TABLE IF NOT EXISTS follow_ups (
  room TEXT NOT NULL,
  principal TEXT NOT NULL,
  key TEXT NOT NULL,
  body BLOB NOT NULL,
  receivedAt INTEGER NOT NULL,
  PRIMARY KEY (room, principal, key)
) STRICT`

const maxBytes = 262_144

export function createFollowUps(
  database: DatabaseSync,
  hand: () => FollowUps['hand'] | undefined,
): FollowUps {
  database.exec(schema)
  const insert = database.prepare('INSERT OR REPLACE INTO follow_ups VALUES (?, ?, ?, ?, ?)')
  const find = database.prepare(
    `SELECT body FROM follow_ups WHERE room = 'thumbnails' AND principal = ? AND key = ?`,
  )
  const keys = database.prepare('SELECT key FROM follow_ups WHERE room = ? AND principal = ? ORDER BY key')
  const keysOf = (room: string, principal: string): string[] =>
    keys.all(room, principal).map(({ key }) => String(key))

  return {
    hand: async (photo) => hand()?.(photo),

    async take(room, principal, key, request) {
      const body = await readBytes(request)
      if (body === undefined) return problem(413, `More than ${maxBytes} bytes`)
      insert.run(room, principal, key, body, Date.now())
      return json(200, { room, principal, key })
    },

    serveThumbnail(principal, key, response) {
      const body = find.get(principal, key)?.body
      if (!(body instanceof Uint8Array)) return problem(404, 'There is no such thumbnail')
      const headers = {
        'content-type': 'image/webp',
        'cache-control': 'private, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
      }
      send(response, { status: 200, headers, body })
      return undefined
    },

    list: (principal) => ({
      thumbnails: keysOf('thumbnails', principal),
      notified: keysOf('notifications', principal),
    }),
  }
}

/** Reads to the end in any case: see `discard`. */
async function readBytes(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length <= maxBytes) chunks.push(chunk)
  }
  return length > maxBytes ? undefined : Buffer.concat(chunks)
}
