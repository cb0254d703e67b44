/** workerd with the Worker of these tests, its storage in a folder, and the outside world that it can reach. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { createReceiver } from 'holdfast/receiver'
import { sqliteAcks } from 'holdfast/receiver/sqlite'
import { Miniflare, type Request as WorkerRequest, Response as WorkerResponse } from 'miniflare'
import type { Item, ObjectState } from './worker.ts'

/** One call of a job that reached the API. */
export interface Call {
  readonly no: number
  /** From 1. */
  readonly time: number
}

/** How the API answers a call; a thrown error is no answer. */
export type Answer = (call: Call) => number | Promise<number>

/** An acknowledgement that the receiver applied. */
export interface Acked {
  readonly source: string
  readonly sequence: number
  readonly type: string
  readonly job: string
}

export interface Edge {
  /** What the API was called for, oldest first. */
  readonly calls: readonly Call[]
  /** What the receiver applied, oldest first. */
  acked(): readonly Acked[]
  /** How calls are answered from here on. */
  answer(answer: Answer): void
  /** Answers the status and the body of a request to the Worker. */
  ask(path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }>
  enqueue(items: readonly Item[], path?: string): Promise<void>
  state(path?: string): Promise<ObjectState>
  /** Ends the process, and starts another one on the same storage. */
  restart(): Promise<void>
  /** Takes an object out of memory, as the platform does when it is idle; the test stands still meanwhile. */
  evict(name?: string): Promise<void>
  /** What a cron trigger does. */
  scheduled(): Promise<void>
  close(): Promise<void>
}

export async function openEdge(): Promise<Edge> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-edge-'))
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE acked (source TEXT, sequence INTEGER, type TEXT, job TEXT)')
  const insert = database.prepare('INSERT INTO acked VALUES (?, ?, ?, ?)')
  const receive = createReceiver({
    store: sqliteAcks(database),
    authenticate: () => 'object',
    onAck: (ack) => insert.run(ack.source, ack.sequence, ack.type, ack.subject),
  })
  const calls: Call[] = []
  let answer: Answer = () => 204

  const api = async (request: WorkerRequest): Promise<WorkerResponse> => {
    const { pathname } = new URL(request.url)
    if (pathname === '/acks') {
      const { url, method, headers } = request
      const body = method === 'HEAD' ? null : await request.text()
      const given = await receive(new Request(url, { method, headers: [...headers], body }))
      return new WorkerResponse(await given.text(), { status: given.status, headers: [...given.headers] })
    }
    const no = Number(pathname.split('/').at(-1))
    const call = { no, time: calls.filter((other) => other.no === no).length + 1 }
    calls.push(call)
    return new WorkerResponse(null, { status: await answer(call) })
  }
  const contents = await bundled()
  const start = (): Miniflare =>
    new Miniflare({
      modules: [{ type: 'ESModule', path: 'worker.js', contents }],
      compatibilityDate: '2026-07-01',
      durableObjects: { OBJECT: { className: 'Mailer', useSQLite: true } },
      durableObjectsPersist: folder,
      serviceBindings: { API: api },
      outboundService: api,
      // What an eviction makes the runtime say is not of interest.
      handleRuntimeStdio: (...streams: Readable[]) => {
        for (const stream of streams) stream.resume()
      },
      unsafeTriggerHandlers: true,
    })
  let runtime = start()
  await runtime.ready

  const ask: Edge['ask'] = async (path, body) => {
    const init =
      body === undefined
        ? {}
        : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }
    const response = await runtime.dispatchFetch(`https://worker.example${path}`, init)
    const text = await response.text()
    return {
      status: response.status,
      body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text,
    }
  }
  return {
    calls,
    acked: () =>
      database
        .prepare('SELECT * FROM acked ORDER BY rowid')
        .all()
        .map(({ source, sequence, type, job }) => ({
          ...{ source: String(source), sequence: Number(sequence), type: String(type), job: String(job) },
        })),
    answer: (next) => {
      answer = next
    },
    ask,
    async enqueue(items, path = '/object/enqueue') {
      const { status, body } = await ask(path, items)
      if (status !== 200) throw new Error(`Cannot enqueue: ${status} ${String(body)}`)
    },
    // What worker.ts answers with.
    state: async (path = '/object/state') => (await ask(path)).body as ObjectState,
    async restart() {
      await runtime.dispose()
      runtime = start()
      await runtime.ready
    },
    evict: (name = 'one') => runtime.unsafeEvictDurableObject('', 'Mailer', { name }),
    async scheduled() {
      await runtime.dispatchFetch('https://worker.example/cdn-cgi/handler/scheduled')
    },
    async close() {
      await runtime.dispose()
      database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** From source, by the paths of tsconfig.json. */
async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

/** Waits for a condition; the test's own time limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
}
