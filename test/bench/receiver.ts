/** The receiver on SQLite, beside what the database can do with the same rows. */
import { DatabaseSync } from 'node:sqlite'
import { createReceiver } from '../../src/receiver/index.ts'
import { sqliteAcks } from '../../src/receiver/sqlite.ts'
import {
  ackEvent,
  completedType,
  contentType,
  encodeBatch,
  idOf,
  previousHeader,
  sourceOf,
} from '../../src/sync/wire.ts'
import { makeFolder, removeFolder } from '../engines/drivers/processes.ts'
import { short } from './report.ts'

const devices = 1_000
const acksEach = 1_000
/** As many as a queue sends in one request. */
const batchSize = 500

/** A thousand devices tell a thousand finishes each: how fast, in how much memory, how long the slowest waits. */
export async function printReceiver(scale: number): Promise<void> {
  const count = Math.max(2, Math.round(devices * scale))
  const total = count * acksEach
  const ours = await receive(count)
  const limit = insertAlone(count)
  console.log(`The receiver on SQLite: ${count} devices, ${acksEach} acknowledgements each`)
  const row = (name: string, { ms, slowest, heap }: Told): void =>
    console.log(
      `    ${name.padEnd(34)}${short((total / ms) * 1_000).padStart(10)} acks/s` +
        `    p99 of a request ${short(slowest)} ms    heap ${short(heap / 1e6)} MB`,
    )
  row('receiver, each ack a row of ours', ours)
  row('the same rows, inserted alone', limit)
  console.log(`    share of the database's own rate: ${short(limit.ms / ours.ms)}`)
}

interface Told {
  readonly ms: number
  readonly slowest: number
  readonly heap: number
}

async function receive(count: number): Promise<Told> {
  const { database, insert, end } = open()
  const handle = createReceiver({
    store: sqliteAcks(database),
    authenticate: (request) => request.headers.get('authorization') ?? undefined,
    onAck: (ack) => insert.run(ack.source, ack.sequence, ack.subject),
  })
  const told = await timedRequests(count, async (request, from) => {
    const response = await handle(request)
    const answer: unknown = await response.json()
    if (response.status !== 200 || Reflect.get(Object(answer), 'acknowledged') !== from + batchSize - 1)
      throw new Error(`the receiver answered ${response.status}: ${JSON.stringify(answer)}`)
  })
  end(count * acksEach)
  return told
}

function insertAlone(count: number): Told {
  const { database, insert, end } = open()
  const times: number[] = []
  const startedAt = performance.now()
  for (const { device, from } of batches(count)) {
    const began = performance.now()
    database.exec('BEGIN IMMEDIATE')
    for (let sequence = from; sequence < from + batchSize; sequence += 1)
      insert.run(sourceOf('photos', `outbox-${device}`), sequence, subjectOf(device, sequence))
    database.exec('COMMIT')
    times.push(performance.now() - began)
  }
  const ms = performance.now() - startedAt
  const heap = process.memoryUsage().heapUsed
  end(count * acksEach)
  return { ms, slowest: p99(times), heap }
}

async function timedRequests(
  count: number,
  send: (request: Request, from: number) => Promise<void>,
): Promise<Told> {
  const times: number[] = []
  let heap = 0
  for (const { device, from } of batches(count)) {
    const request = requestOf(device, from)
    const began = performance.now()
    await send(request, from)
    times.push(performance.now() - began)
    heap = Math.max(heap, process.memoryUsage().heapUsed)
  }
  return { ms: times.reduce((sum, each) => sum + each, 0), slowest: p99(times), heap }
}

/** Device by device within a round of batches, as many devices that sync at the same hour do. */
function* batches(count: number): Generator<{ readonly device: number; readonly from: number }> {
  for (let from = 1; from <= acksEach; from += batchSize)
    for (let device = 0; device < count; device += 1) yield { device, from }
}

function open() {
  const folder = makeFolder()
  const database = new DatabaseSync(`${folder}/acks.db`)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000')
  database.exec(
    'CREATE TABLE done (source TEXT, sequence INTEGER, subject TEXT, PRIMARY KEY (source, sequence)) WITHOUT ROWID',
  )
  return {
    database,
    insert: database.prepare('INSERT INTO done VALUES (?, ?, ?)'),
    /** @throws Error unless so many rows are there. */
    end(expected: number) {
      const { rows } = database.prepare('SELECT count(*) AS rows FROM done').get() ?? {}
      database.close()
      removeFolder(folder)
      if (rows !== expected) throw new Error(`${rows} rows, where ${expected} were expected`)
    },
  }
}

const at = 1_700_000_000_000
const facts = { kind: 'upload', key: null, attempt: 1, finish: 1, enqueuedAt: at, finishedAt: at } as const

const subjectOf = (device: number, sequence: number): string => `job-${device}-${sequence}`

function requestOf(device: number, from: number): Request {
  const source = sourceOf('photos', `outbox-${device}`)
  const events = Array.from({ length: batchSize }, (_, index) =>
    ackEvent(source, from + index, {
      type: completedType,
      job: subjectOf(device, from + index),
      data: { ...facts, result: { etag: 'W/"1"' } },
    }),
  )
  const previous = from === 1 ? undefined : idOf(from - 1, subjectOf(device, from - 1))
  return new Request('https://example.com/acks', {
    method: 'POST',
    headers: {
      'content-type': contentType,
      authorization: `device ${device}`,
      ...(previous !== undefined && { [previousHeader]: previous }),
    },
    body: encodeBatch(events),
  })
}

function p99(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN
}
