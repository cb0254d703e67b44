/**
 * One of several server processes on one SQLite file. It can be told to die, by SIGKILL, in the middle of its how-manieth
 * effect: before the transaction is committed, or after that and before anything is answered.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { idempotent } from 'holdfast/idempotent'
import { sqliteResponses } from 'holdfast/idempotent/sqlite'

const [path = '', dieIn = '', dieAt = ''] = process.argv.slice(2)
const database = new DatabaseSync(path)
const insert = database.prepare('INSERT INTO effects (what, who) VALUES (?, ?)')
let effects = 0
let isDoomed = false

const order = idempotent(
  (request) => {
    const token = randomUUID()
    insert.run(request.text(), process.pid)
    effects += 1
    if (effects === Number(dieAt)) {
      if (dieIn === 'transaction') process.kill(process.pid, 'SIGKILL')
      isDoomed = dieIn === 'answer'
    }
    return { status: 201, json: { token, of: request.key } }
  },
  { store: sqliteResponses(database), waitMs: 20_000 },
)

const server = createServer(async (incoming, outgoing) => {
  try {
    const response = await order(await requestOf(incoming))
    if (isDoomed) process.kill(process.pid, 'SIGKILL')
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.bytes())
  } catch (error) {
    console.error(error)
    outgoing.writeHead(500).end()
  }
})

async function requestOf(incoming: IncomingMessage): Promise<Request> {
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const headers = { 'idempotency-key': String(incoming.headers['idempotency-key']) }
  return new Request(`http://localhost${incoming.url}`, {
    method: 'POST',
    headers,
    body: Buffer.concat(chunks),
  })
}

// A test that failed leaves nobody behind.
process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0)
})
