import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { build } from 'esbuild'
import { createReceiver, type Receiver } from 'holdfast/receiver'
import { sqliteAcks } from 'holdfast/receiver/sqlite'
import { type Request as WorkerRequest, Miniflare, Response as WorkerResponse } from 'miniflare'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Installed, install } from './installed.ts'

const database = new DatabaseSync(':memory:')
database.exec('CREATE TABLE acks (sequence INTEGER, type TEXT, job TEXT, attempt INTEGER)')
const insert = database.prepare('INSERT INTO acks VALUES (?, ?, ?, ?)')
const receive = createReceiver({
  store: sqliteAcks(database),
  authenticate: (request) => (request.headers.get('authorization') === 'Bearer worker' ? 'worker' : null),
  onAck: (ack) => insert.run(ack.sequence, ack.type, ack.subject, ack.data.attempt),
})

const attempts = new Map<string, string[]>()
let installed: Installed
let runtime: Miniflare

beforeAll(async () => {
  installed = await install()
  const contents = await bundled(installed)
  runtime = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.js', contents }],
    compatibilityDate: '2026-07-01',
    outboundService: (request: WorkerRequest) => outside(request),
  })
  await runtime.ready
})

afterAll(async () => {
  await runtime?.dispose()
  installed?.remove()
  database.close()
})

/** The Worker as a user would deploy it: in the project that has the package installed. */
async function bundled({ folder, write }: Installed): Promise<string> {
  write('worker.ts', readFileSync(new URL('worker.ts', import.meta.url), 'utf8'))
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'worker.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

/** Everything the Worker can reach: the receiver, and mailboxes that fail at the first attempt, or do not exist. */
async function outside(request: WorkerRequest): Promise<WorkerResponse> {
  const { pathname } = new URL(request.url)
  if (pathname === '/acks') return handOver(receive, request)
  const keys = attempts.get(pathname) ?? []
  attempts.set(pathname, [...keys, request.headers.get('idempotency-key') ?? ''])
  if (pathname === '/mails/nobody') return new WorkerResponse('There is no such mailbox', { status: 422 })
  return new WorkerResponse(null, { status: keys.length === 0 ? 500 : 204 })
}

async function handOver(receiver: Receiver, request: WorkerRequest): Promise<WorkerResponse> {
  const { url, method, headers } = request
  const answer = await receiver(
    new Request(url, { method, headers: [...headers], body: await request.text() }),
  )
  return new WorkerResponse(await answer.text(), { status: answer.status, headers: [...answer.headers] })
}

/** What the Worker says of a delivery; see worker.ts. */
interface Delivery {
  readonly finished: readonly unknown[]
  readonly dead: readonly {
    readonly id: string
    readonly reason: string
    readonly failures: readonly unknown[]
  }[]
  readonly attempts: readonly number[]
  readonly acks: readonly string[]
  readonly counts: Readonly<Record<string, number>>
  readonly durable: boolean
  readonly unsent: number
}

async function deliver(...names: readonly string[]): Promise<Delivery> {
  const query = new URLSearchParams(names.map((name) => ['to', name]))
  const answer = await runtime.dispatchFetch(`https://worker.example/?${query}`)
  const text = await answer.text()
  expect(answer.status, text).toBe(200)
  return JSON.parse(text) as Delivery
}

test('in workerd a queue made in global scope retries, completes, gives up and acknowledges', async () => {
  const delivery = await deliver('ada', 'nobody', 'bob')

  expect(delivery.finished).toEqual([{ sent: 'ada' }, 'job-dead', { sent: 'bob' }])
  expect(delivery.attempts).toEqual([2, 1, 2])
  expect(delivery.counts).toMatchObject({ completed: 2, dead: 1, pending: 0, running: 0 })
  expect(delivery.durable).toBe(false)
  expect(delivery.dead).toEqual([
    expect.objectContaining({
      reason: 'fatal',
      failures: [expect.objectContaining({ name: 'HttpError', status: 422, attempt: 1, charged: true })],
    }),
  ])
  const [first, second] = attempts.get('/mails/ada') ?? []
  expect(first).toBe(second)

  expect(delivery.unsent).toBe(0)
  expect(delivery.acks).toEqual(['acked', 'acked', 'acked'])
  const acks = database.prepare('SELECT sequence, type, job, attempt FROM acks ORDER BY sequence').all()
  expect(acks.map(({ sequence }) => sequence)).toEqual([1, 2, 3])
  expect(acks.filter(({ type }) => type === 'dead').map(({ job }) => job)).toEqual([delivery.dead[0]?.id])
  expect(acks.filter(({ type }) => type === 'completed').map(({ attempt }) => attempt)).toEqual([2, 2])
})

test('the next request to the same isolate goes on with the same queue', async () => {
  const delivery = await deliver('carl')

  expect(delivery.finished).toEqual([{ sent: 'carl' }])
  expect(delivery.counts).toMatchObject({ completed: 3, dead: 1 })
  const { last } = database.prepare('SELECT max(sequence) AS last FROM acks').get() ?? {}
  expect(last).toBe(4)
})
