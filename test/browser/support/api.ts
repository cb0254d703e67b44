import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { DatabaseSync } from 'node:sqlite'
import { createReceiver } from 'holdfast/receiver'
import { sqliteAcks } from 'holdfast/receiver/sqlite'
import { onTestFinished } from 'vitest'
import { requestOf } from '../../tools/request.ts'
import { scratchDirectory } from './scratch.ts'
import type { Loopback } from '../../tools/loopback.ts'
import { serve } from './server.ts'

/** One acknowledgement, as the application's own table has it. */
export interface StoredAck {
  readonly source: string
  readonly sequence: number
  readonly subject: string
  readonly type: string
}

/** An API as an application has one: photos on the disk, acknowledgements in SQLite, and weather. */
export interface Api extends Loopback {
  /** Every request but a browser's preflight, as `<method> <path> <status>`. */
  readonly requests: readonly string[]
  /** Decides, before a request is looked at, when it is answered, and whether with an error status. */
  strike: (request: {
    readonly path: string
    readonly photo: string | null
  }) => number | undefined | Promise<number | undefined>
  /** What `Retry-After` says with an error status (seconds). */
  retryAfter: number | undefined
  /** The files on the disk, by the photo's name. */
  files(): ReadonlyMap<string, Buffer>
  /** How many files are on the disk: one for each idempotency key. */
  fileCount(): number
  /** In the order of their arrival. */
  acks(): readonly StoredAck[]
}

/** Starts the API. Stopped, and its data removed, when the test is over. */
export async function serveApi(): Promise<Api> {
  const directory = scratchDirectory()
  const database = new DatabaseSync(join(scratchDirectory(), 'acks.sqlite'))
  onTestFinished(() => database.close())
  const { receive, acks } = acksIn(database)
  const requests: string[] = []
  const names = new Map<string, string>()

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://api')
    const photo = searchParams.get('name')
    const end = (status: number, body = '', headers = {}): void => {
      requests.push(`${request.method} ${pathname} ${status}`)
      response.writeHead(status, headers).end(body)
    }
    // Read to its end whatever the answer: an answer before that may reach a browser as a failed request.
    const body = await buffer(request)
    const struck = await api.strike({ path: pathname, photo })
    if (struck !== undefined) return end(struck, '', api.retryAfter && { 'retry-after': api.retryAfter })
    if (pathname === '/photos' && request.method === 'POST') {
      const key = String(request.headers['idempotency-key'])
      names.set(key, photo ?? '')
      await store(join(directory, key), body)
      return end(200, createHash('sha256').update(body).digest('hex'))
    }
    const answer = await receive(requestOf(request, body))
    end(answer.status, await answer.text(), Object.fromEntries(answer.headers))
  }

  const loopback = await serve((request, response) => {
    if (allowAnyone(request, response)) return
    handle(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    )
  })
  const api: Api = {
    ...loopback,
    requests,
    strike: () => undefined,
    retryAfter: undefined,
    fileCount: () => keysIn(directory).length,
    files() {
      const files = keysIn(directory).map(
        (key) => [names.get(key) ?? '', readFileSync(join(directory, key))] as const,
      )
      return new Map(files)
    },
    acks,
  }
  return api
}

function acksIn(database: DatabaseSync): {
  readonly receive: (request: Request) => Promise<Response>
  readonly acks: () => readonly StoredAck[]
} {
  // No key on (source, sequence): a repeat is to show as one.
  database.exec('CREATE TABLE acks (source TEXT, sequence INTEGER, subject TEXT, type TEXT)')
  const insert = database.prepare('INSERT INTO acks VALUES (?, ?, ?, ?)')
  const select = database.prepare('SELECT source, sequence, subject, type FROM acks ORDER BY rowid')
  return {
    receive: createReceiver({
      store: sqliteAcks(database),
      authenticate: () => 'the device',
      onAck: ({ source, sequence, subject, type }) => insert.run(source, sequence, subject, type),
    }),
    acks: () =>
      select.all().map((row) => ({
        source: String(row.source),
        sequence: Number(row.sequence),
        subject: String(row.subject),
        type: String(row.type),
      })),
  }
}

/** What is not whole is not there. */
async function store(path: string, body: Buffer): Promise<void> {
  const part = `${path}.${crypto.randomUUID()}.part`
  await writeFile(part, body)
  await rename(part, path)
}

function keysIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => !name.endsWith('.part'))
}

/** Answers a browser's preflight, and lets pages of any origin read the rest. */
function allowAnyone(request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-expose-headers', 'Retry-After, Date, Holdfast-Lost')
  if (request.method !== 'OPTIONS') return false
  const headers = 'Content-Type, Idempotency-Key, Holdfast-Previous, Holdfast-Log'
  response.setHeader('access-control-allow-headers', headers)
  response.setHeader('access-control-max-age', '600')
  response.writeHead(204).end()
  return true
}
