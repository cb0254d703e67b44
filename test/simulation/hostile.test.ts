/**
 * A hundred thousand hostile requests to two receivers, one in memory and one on SQLite, each held to what a model says
 * must come of it. HOLDFAST_SEED repeats a run; `random` tries another.
 */
import { DatabaseSync } from 'node:sqlite'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Ack, createReceiver, memoryAcks, RejectAck, type SourceRecord } from 'holdfast/receiver'
import { sqliteAcks } from 'holdfast/receiver/sqlite'
import { expect, test } from 'vitest'
import { type Random, seededRandom } from '../../src/testing/simulator/random.ts'
import { type Hostile, hostile } from './hostile/bodies.ts'
import { type Effect, Model, maxBatch, maxBodyBytes, type Prediction } from './hostile/model.ts'

const seed = seedOf(process.env.HOLDFAST_SEED)
const lives = 20
const bodiesEach = 5_000

function seedOf(wanted = '20260809'): number {
  return wanted === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(wanted)
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

function heapBytes(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** A receiver, and what can be seen of it from behind. */
interface Subject {
  readonly name: string
  receive(request: Request): Promise<Response>
  /** What took effect since it was last asked. */
  effects(): readonly Effect[]
  known(source: string): Promise<SourceRecord | undefined>
  /** Grows with everything that is written. */
  writes(): number
  close(): void
}

const limits = { maxBodyBytes, maxBatch }

function authenticate(request: Request): string | null {
  const who = request.headers.get('authorization')
  if (who === 'nobody knows') throw new Error('The sessions are down')
  return who
}

function decide({ data, source, sequence }: Ack): Effect {
  if (data.kind === 'refuse') throw new RejectAck('refused', 'No')
  if (data.kind === 'broken') throw new Error('The application is broken')
  return { source, sequence }
}

function inMemory(): Subject {
  const seen: Effect[] = []
  const store = memoryAcks()
  let writes = 0
  return {
    name: 'memory',
    receive: createReceiver({
      store,
      authenticate,
      onAck: (ack) => {
        seen.push(decide(ack))
        writes += 1
      },
      ...limits,
    }),
    effects: () => seen.splice(0),
    known: (source) =>
      store.settle(source, function* (record) {
        yield* []
        return { result: record }
      }),
    writes: () => writes,
    close: () => undefined,
  }
}

function onSqlite(): Subject {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE effects (source TEXT, sequence INTEGER)')
  const store = sqliteAcks(database)
  const insert = database.prepare('INSERT INTO effects VALUES (?, ?)')
  const take = database.prepare('SELECT source, sequence FROM effects ORDER BY rowid')
  const clear = database.prepare('DELETE FROM effects')
  const changes = database.prepare('SELECT total_changes() AS changes')
  return {
    name: 'SQLite',
    receive: createReceiver({
      store,
      authenticate,
      onAck(ack) {
        // Written before it is thrown away.
        insert.run(ack.source, ack.sequence)
        decide(ack)
      },
      ...limits,
    }),
    effects() {
      const rows = take.all().map((row) => ({ source: String(row.source), sequence: Number(row.sequence) }))
      if (rows.length > 0) clear.run()
      return rows
    },
    known: (source) =>
      store.settle(source, function* (record) {
        yield* []
        return { result: record }
      }),
    writes: () => Number(changes.get()?.changes),
    close: () => database.close(),
  }
}

function requestOf({ headers, body }: Hostile, inPieces: boolean): Request {
  const pieces = inPieces ? new Blob([body.slice(0, 7), body.slice(7)]).stream() : body
  return new Request('http://localhost/acks', {
    method: 'POST',
    headers,
    body: pieces,
    duplex: 'half',
  } as RequestInit)
}

/** What came of one request, in the words of the model. */
async function outcomeOf(subject: Subject, request: Request): Promise<{ status: number; body: unknown }> {
  const response = await subject.receive(request)
  const { status } = response
  const body: unknown = await response.json()
  if (status === 200 || status === 409) return { status, body }
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.has('set-cookie')).toBe(false)
  expect(body).toMatchObject({ status })
  return { status, body: undefined }
}

async function check(subject: Subject, model: Model, sent: Hostile, said: Prediction, inPieces: boolean) {
  const before = subject.writes()
  const { status, body } = await outcomeOf(subject, requestOf(sent, inPieces))
  if (!said.statuses.includes(status)) expect(status).toBe(said.statuses[0])
  if (body !== undefined) expect(body).toEqual(said.body)
  if (status >= 400 && status < 500) expect(subject.writes()).toBe(before)
  else expect(subject.effects()).toEqual(said.effects)
  if (said.source !== undefined)
    expect(await subject.known(said.source)).toEqual(model.sources.get(said.source))
  return status
}

async function live(random: Random, life: number, seen: Map<number, number>): Promise<void> {
  const model = new Model()
  const subjects = [inMemory(), onSqlite()]
  for (let index = 0; index < bodiesEach; index += 1) {
    const sent = hostile(random, model.sources)
    const said = model.take(sent.headers, sent.body)
    const inPieces = random.chance(0.02)
    for (const subject of subjects) {
      try {
        const status = await check(subject, model, sent, said, inPieces)
        seen.set(status, (seen.get(status) ?? 0) + 1)
      } catch (error) {
        const request = `${JSON.stringify([...sent.headers])}\n${Buffer.from(sent.body.slice(0, 5_000)).toString()}`
        const where = `${subject.name}, body ${index} of life ${life} of seed ${seed}`
        throw new Error(`${where}: ${error instanceof Error ? error.message : error}\n${request}`, {
          cause: error,
        })
      }
    }
  }
  for (const subject of subjects) {
    for (const [source, known] of model.sources) expect(await subject.known(source)).toEqual(known)
    expect(subject.effects()).toEqual([])
    subject.close()
  }
}

test(`${lives * bodiesEach} hostile requests are answered, applied and remembered as they should, from seed ${seed}`, {
  timeout: 900_000,
}, async () => {
  console.log(`The receiver's fuzzer begins at seed ${seed}`)
  const random = seededRandom(seed)
  const seen = new Map<number, number>()
  await live(random, 1, seen)
  const before = heapBytes()
  for (let life = 2; life <= lives; life += 1) await live(random, life, seen)
  expect(heapBytes() - before).toBeLessThan(8_000_000)
  // Otherwise the bodies would prove nothing.
  const statuses = Object.fromEntries([...seen].sort(([a], [b]) => a - b))
  console.log(JSON.stringify(statuses))
  for (const status of [200, 400, 401, 403, 409, 413, 415, 422, 503]) {
    expect(seen.get(status) ?? 0, String(status)).toBeGreaterThan(50)
  }
  expect(seen.get(200)).toBeGreaterThan((lives * bodiesEach) / 4)
})
