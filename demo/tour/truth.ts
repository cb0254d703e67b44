import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Servers } from '../server/start.ts'

/** What the server really has of one principal: read from its disk, past all of its code. */
export interface Truth {
  /** SHA-256 by idempotency key. */
  readonly files: ReadonlyMap<string, string>
  readonly photoRows: number
  /** How many photos the edge made a thumbnail of, and how many it told of. */
  readonly thumbnails: number
  readonly notifications: number
  readonly acks: readonly AckRow[]
  /** The numbers are 1, 2, 3, … of a single source. */
  readonly gapFree: boolean
  /** Where the receiver's own mark stands. */
  readonly mark: number
}

export interface AckRow {
  readonly source: string
  readonly sequence: number
  readonly subject: string
  readonly type: string
}

export async function readTruth(servers: Servers, principal: string): Promise<Truth> {
  const database = new DatabaseSync(servers.databasePath, { readOnly: true })
  try {
    const photos = database.prepare('SELECT count(*) AS count FROM photos WHERE principal = ?').get(principal)
    const marks = database.prepare('SELECT sum(mark) AS mark FROM holdfast_sources WHERE principal = ?')
    const acks = acksIn(database, principal)
    return {
      files: await hashesIn(join(servers.dataDir, 'photos', principal)),
      photoRows: Number(photos?.count),
      thumbnails: followUpsIn(database, 'thumbnails', principal),
      notifications: followUpsIn(database, 'notifications', principal),
      acks,
      gapFree: acks.every((ack, index) => ack.sequence === index + 1 && ack.source === acks[0]?.source),
      mark: Number(marks.get(principal)?.mark),
    }
  } finally {
    database.close()
  }
}

function followUpsIn(database: DatabaseSync, room: string, principal: string): number {
  const select = 'SELECT count(*) AS count FROM follow_ups WHERE room = ? AND principal = ?'
  return Number(database.prepare(select).get(room, principal)?.count)
}

function acksIn(database: DatabaseSync, principal: string): AckRow[] {
  const columns = 'source, sequence, subject, type'
  const select = `SELECT ${columns} FROM acknowledgements WHERE principal = ? ORDER BY source, sequence`
  return database
    .prepare(select)
    .all(principal)
    .map(({ source, sequence, subject, type }) => ({
      source: String(source),
      sequence: Number(sequence),
      subject: String(subject),
      type: String(type),
    }))
}

async function hashesIn(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder)
  const hashes = names.map(async (name): Promise<[string, string]> => {
    return [name, sha256(await readFile(join(folder, name)))]
  })
  return new Map(await Promise.all(hashes))
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
