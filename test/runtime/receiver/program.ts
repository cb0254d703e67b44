/** A server in Node, Deno or Bun: says on its standard output where it listens. `program <memory | file>`. */
import { createServer } from 'node:http'
import { ReadableStream as WebStream } from 'node:stream/web'
import { memoryAcks } from 'holdfast/receiver'
import { type SqliteDatabase, sqliteAcks } from 'holdfast/receiver/sqlite'
import { application, effectsSchema, inMemory, insertEffect, selectEffects } from './application.ts'

type Handler = (request: Request) => Promise<Response>

/** What is used of the globals of Deno and Bun. */
interface Hosts {
  readonly Deno?: {
    serve(
      options: { port: number; hostname: string; onListen(at: { port: number }): void },
      handler: Handler,
    ): unknown
  }
  readonly Bun?: {
    serve(options: { port: number; hostname: string; fetch: Handler }): { readonly port: number }
  }
}

const [, , where = 'memory'] = process.argv
const { Deno, Bun }: Hosts = globalThis as Hosts
const hostname = '127.0.0.1'

async function opened(path: string): Promise<SqliteDatabase> {
  if (!Bun) {
    const { DatabaseSync } = await import('node:sqlite')
    return new DatabaseSync(path)
  }
  // Known to Bun alone.
  const name = 'bun:sqlite'
  const { Database }: { Database: new (path: string) => SqliteDatabase } = await import(name)
  return new Database(path)
}

async function onFile(path: string): Promise<Handler> {
  const database = await opened(path)
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA busy_timeout = 5000')
  database.exec(effectsSchema)
  const insert = database.prepare(insertEffect)
  const select = database.prepare(`SELECT json_group_array(json_object(
    'source', source, 'sequence', sequence, 'job', job)) AS list FROM (${selectEffects})`)
  return application({
    store: sqliteAcks(database),
    insert: (_, { source, sequence, job }) => void insert.run(source, sequence, job),
    rows: async () => JSON.parse(String(Reflect.get(Object(select.get()), 'list'))),
  })
}

const handler = where === 'memory' ? application(inMemory(memoryAcks())) : await onFile(where)
const tell = (port: number): void => console.log(JSON.stringify({ port }))

if (Deno) Deno.serve({ port: 0, hostname, onListen: ({ port }) => tell(port) }, handler)
else if (Bun) tell(Bun.serve({ port: 0, hostname, fetch: handler }).port)
else {
  const server = createServer(async (incoming, outgoing) => {
    const headers = new Headers()
    for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value))
    // A receiver that refuses a body does not read it to its end: that must not end the connection, nor block it.
    const body = WebStream.from(incoming.iterator({ destroyOnReturn: false })) as ReadableStream
    const { method = 'GET', url } = incoming
    const init = { method, headers, body: method === 'POST' ? body : null, duplex: 'half' }
    const response = await handler(new Request(`http://${hostname}${url}`, init))
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
    incoming.resume()
  })
  server.listen(0, hostname, () => tell(Object(server.address()).port))
}
