/**
 * A thousand requests at once, ten of each of a hundred keys, over HTTP to two server processes on one SQLite file.
 * Both are killed with SIGKILL on the way, more than once, and replaced; the clients send again until they are answered.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, expect, test } from 'vitest'

const keys = 100
const duplicates = 10

const folder = mkdtempSync(join(tmpdir(), 'holdfast-killed-'))
const file = join(folder, 'orders.db')
const program = join(folder, 'server.mjs')
const children = new Set<ChildProcess>()
let isOver = false
afterAll(() => {
  isOver = true
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** When a server dies by itself. */
interface Doom {
  readonly in: 'transaction' | 'answer'
  readonly at: number
}

interface Server {
  port: number
  child: ChildProcess
  /** How often it was killed. */
  deaths: number
}

async function start(doom?: Doom): Promise<{ port: number; child: ChildProcess }> {
  const child = fork(program, [file, doom?.in ?? '', String(doom?.at ?? '')], { execArgv: [] })
  children.add(child)
  const [port] = await Promise.race([once(child, 'message'), once(child, 'exit')])
  if (typeof port !== 'number') throw new Error('A server ended before it had started')
  return { port, child }
}

/** A server that is replaced when it dies, each time by one with the next doom. */
async function serve(dooms: readonly Doom[]): Promise<Server> {
  const server: Server = { ...(await start(dooms[0])), deaths: 0 }
  watch()
  return server

  function watch(): void {
    server.child.once('exit', async (_, signal) => {
      children.delete(server.child)
      if (isOver || signal !== 'SIGKILL') return
      server.deaths += 1
      Object.assign(server, await start(dooms[server.deaths]))
      watch()
    })
  }
}

interface Answer {
  readonly key: string
  readonly body: string
  readonly wasReplayed: boolean
}

/** Sends until there is an answer that is one, to either server. */
async function ask(
  servers: readonly Server[],
  key: string,
  first: number,
  told: () => void,
): Promise<Answer> {
  for (let attempt = first; ; attempt += 1) {
    const { port } = servers[attempt % servers.length] ?? { port: 0 }
    const headers = { 'idempotency-key': key }
    const url = `http://127.0.0.1:${port}/orders`
    const answer = await fetch(url, { method: 'POST', headers, body: `order ${key}` })
      .then(async (response) => ({ response, body: await response.text() }))
      .catch(() => undefined)
    if (answer?.response.status === 201) {
      told()
      const wasReplayed = answer.response.headers.get('idempotency-replayed') === 'true'
      return { key, body: answer.body, wasReplayed }
    }
    expect([undefined, 409, 503]).toContain(answer?.response.status)
    await after(20)
  }
}

test('each effect happens once, and each caller has the same answer, though the servers are killed', async () => {
  const source = fileURLToPath(new URL('server.ts', import.meta.url))
  await build({ entryPoints: [source], bundle: true, format: 'esm', platform: 'node', outfile: program })
  const database = new DatabaseSync(file)
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE effects (what TEXT NOT NULL, who INTEGER NOT NULL)')

  const servers = await Promise.all([
    serve([
      { in: 'transaction', at: 10 },
      { in: 'answer', at: 5 },
    ]),
    serve([
      { in: 'answer', at: 10 },
      { in: 'transaction', at: 5 },
    ]),
  ])
  let answered = 0
  const told = (): void => {
    answered += 1
    // From outside as well, wherever they just are.
    if (answered === 300) servers[0]?.child.kill('SIGKILL')
    if (answered === 500) servers[1]?.child.kill('SIGKILL')
  }
  const asked = Array.from({ length: keys * duplicates }, (_, index) =>
    ask(servers, `job-${index % keys}`, Math.floor(index / keys), told),
  )
  const answers = await Promise.all(asked)

  const effects = database.prepare('SELECT what, who FROM effects').all()
  const deaths = servers.map((server) => server.deaths)
  const fresh = answers.filter(({ wasReplayed }) => !wasReplayed).length
  console.log(
    `${answers.length} answers, ${fresh} of them fresh; ${effects.length} effects; deaths ${deaths.join(', ')}`,
  )
  expect(effects.map(({ what }) => what).sort()).toEqual(
    Array.from({ length: keys }, (_, index) => `order job-${index}`).sort(),
  )
  for (let index = 0; index < keys; index += 1) {
    const bodies = answers.filter(({ key }) => key === `job-${index}`).map(({ body }) => body)
    expect([bodies.length, new Set(bodies).size]).toEqual([duplicates, 1])
  }
  // The answers of what was committed in the processes that died reached nobody at first.
  expect(new Set(effects.map(({ who }) => who)).size).toBeGreaterThan(2)
  expect(Math.min(...deaths)).toBeGreaterThanOrEqual(2)
  expect(fresh).toBeLessThan(keys)
  database.close()
}, 120_000)
