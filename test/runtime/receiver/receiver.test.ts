/** The whole receiver over HTTP, on each host: what a real queue and what single requests find there. */
import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientRequest, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createQueue, FatalError, memoryStore } from 'holdfast'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ackEvent,
  completedType,
  contentType,
  encodeBatch,
  lostEvent,
  sourceOf,
  type WireEvent,
} from '../../../src/sync/wire.ts'
import type { Row } from './application.ts'
import { bundle, hosts, type Server } from './hosts.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-receiver-'))
beforeAll(() => bundle(folder))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const at = Date.UTC(2026, 7, 9)

function event(source: string, sequence: number, kind = 'upload', job = `${kind}-${sequence}`): WireEvent {
  const data = { kind, key: null, attempt: 1, finish: 1, enqueuedAt: at, finishedAt: at }
  return ackEvent(source, sequence, { type: completedType, job, data })
}

function range(source: string, from: number, to: number): WireEvent[] {
  return Array.from({ length: to - from + 1 }, (_, index) => event(source, from + index))
}

const numbers = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1)

/** Waits for what another process does by itself; the test's time limit ends it. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe.each(hosts)('a receiver in $name', ({ durable, start }) => {
  let server: Server
  let devices = 0
  /** Each test has a source of its own. */
  const device = (): string => {
    devices += 1
    return sourceOf('photos', `outbox-${devices}`)
  }

  beforeAll(async () => {
    server = await start(folder)
  })
  afterAll(() => server?.end())

  async function send(
    events: readonly WireEvent[] | string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${server.url}/acks`, {
      method: 'POST',
      headers: { 'content-type': contentType, authorization: 'ada', ...headers },
      body: typeof events === 'string' ? events : encodeBatch(events),
    })
    return { status: response.status, body: await response.json() }
  }

  async function effects(source: string): Promise<Row[]> {
    // What application.ts answers with.
    const rows = JSON.parse(await (await fetch(`${server.url}/effects`)).text()) as Row[]
    return rows.filter((row) => row.source === source)
  }

  const applied = async (source: string): Promise<number[]> =>
    (await effects(source)).map(({ sequence }) => sequence)

  const settled = (
    acknowledged: number,
    id = `${acknowledged}-upload-${acknowledged}`,
    rejected: unknown[] = [],
  ) => ({
    status: 200,
    body: { acknowledged, id, rejected },
  })

  /** A request whose body is written bit by bit; without a length. */
  function slowly(): { request: ClientRequest; answered: Promise<number | undefined> } {
    const headers = { 'content-type': contentType, authorization: 'ada' }
    const request = httpRequest(`${server.url}/acks`, { method: 'POST', headers, agent: false })
    const answered = new Promise<number | undefined>((resolve) => {
      request.on('response', (response) => resolve(response.resume().statusCode))
      // A connection may be closed before all of the body is taken.
      request.on('error', () => resolve(undefined))
    })
    return { request, answered }
  }

  test('applies every job of a queue once, though every other answer is lost', async () => {
    let requests = 0
    let sources = new Set<string>()
    const queue = createQueue({
      name: 'photos',
      store: memoryStore(),
      handlers: {
        upload: (n: number) => ({ n }),
        refuse: () => undefined,
        die: () => {
          throw new FatalError('Cannot upload: it is no photo')
        },
      },
      sync: {
        url: `${server.url}/acks`,
        headers: { authorization: 'ada' },
        lingerMs: 1,
        async fetch(input, init) {
          if (init?.method === 'POST') {
            const [first]: { source: string }[] = JSON.parse(String(init.body))
            sources = sources.add(first?.source ?? '')
          }
          const response = await fetch(input, init)
          requests += 1
          if (requests % 2 === 0) return response
          await response.arrayBuffer()
          throw new TypeError('The answer was lost')
        },
      },
    })
    await queue.start()
    const kinds = ['upload', 'upload', 'refuse', 'upload', 'die'] as const
    for (let round = 0; round < 4; round += 1) {
      for (const kind of kinds) await queue.enqueue(kind, round)
      await until(async () => {
        await queue.flush()
        const { counts, sync } = await queue.info()
        return counts.pending + counts.running === 0 && sync?.unsent === 0
      })
    }
    const { jobs } = await queue.list()
    const rejected = await queue.rejectedAcks()
    await queue.close()

    expect(requests).toBeGreaterThan(7)
    expect(sources.size).toBe(1)
    const told = (await effects([...sources].join())).map(({ job }) => job)
    const accepted = jobs.filter(({ kind }) => kind !== 'refuse').map(({ id }) => id)
    expect(told.toSorted()).toEqual(accepted.toSorted())
    expect(jobs.map(({ ack }) => ack).toSorted()).toEqual([
      ...Array.from({ length: 16 }, () => 'acked'),
      ...Array.from({ length: 4 }, () => 'rejected'),
    ])
    expect(rejected).toHaveLength(4)
  })

  test('applies each number once when one source sends many times at once', async () => {
    const source = device()
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => send(range(source, 1, 40 + 10 * (index % 4)))),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(await send(range(source, 1, 70))).toEqual(settled(70))
    expect(await applied(source)).toEqual(numbers(70))
  })

  test('settles a batch as long as devices send, and again', async () => {
    const source = device()
    expect(await send(range(source, 1, 500))).toEqual(settled(500))
    expect(await send(range(source, 1, 500))).toEqual(settled(500))
    expect(await applied(source)).toEqual(numbers(500))
  })

  test('sees a gap and a fork, and changes nothing', async () => {
    const source = device()
    await send(range(source, 1, 3))
    const fork = { status: 409, body: { fork: true } }
    expect(await send(range(source, 5, 6))).toEqual({ status: 409, body: { expected: 4 } })
    expect(await send([event(source, 3, 'upload', 'stranger'), event(source, 4)])).toEqual(fork)
    expect(await send(range(source, 4, 4), { 'holdfast-previous': '3-stranger' })).toEqual(fork)
    expect(await send([lostEvent(source, 4, 6, at), event(source, 7)])).toEqual(settled(7))
    expect(await applied(source)).toEqual([1, 2, 3, 7])
  })

  test('lists what was rejected, also when told again, and undoes what it had written', async () => {
    const source = device()
    const events = [event(source, 1), event(source, 2, 'refuse'), event(source, 3)]
    const answer = settled(3, '3-upload-3', [{ sequence: 2, code: 'refused', message: 'Not this kind' }])
    expect([await send(events), await send(events)]).toEqual([answer, answer])
    expect(await applied(source)).toEqual([1, 3])
  })

  test('settles what comes before a failure, and nothing of it', async () => {
    const source = device()
    const events = [event(source, 1), event(source, 2), event(source, 3, 'broken'), event(source, 4)]
    expect((await send(events)).status).toBe(503)
    expect(await send(range(source, 4, 4))).toEqual({ status: 409, body: { expected: 3 } })
    expect(await applied(source)).toEqual([1, 2])
  })

  test('gives a source to its first sender alone, and answers nobody 401', async () => {
    const source = device()
    await send(range(source, 1, 1))
    expect(await send(range(source, 2, 2), { authorization: 'eve' })).toMatchObject({ status: 403 })
    expect(await send(range(source, 2, 2), { authorization: '' })).toMatchObject({ status: 401 })
    expect(await applied(source)).toEqual([1])
  })

  test.each([
    ['400', 'no JSON', '[{"specversion"', {}],
    ['400', 'no UTF-8', '', {}],
    ['413', 'too many events', `[${'0,'.repeat(1_000)}0]`, {}],
    ['413', 'a long body', `["${'x'.repeat(400_000)}"]`, {}],
    ['415', 'another type', '[]', { 'content-type': 'application/json' }],
    ['422', 'deep nesting', `${'['.repeat(200)}${']'.repeat(200)}`, {}],
    ['422', 'no events', '[]', {}],
  ])('answers %s for %s', async (status, _, body, headers: Record<string, string>) => {
    expect(await send(body, headers)).toMatchObject({
      status: Number(status),
      body: { status: Number(status) },
    })
  })

  test('answers 413 to a long body that does not say how long it is', async () => {
    const { request, answered } = slowly()
    for (let sent = 0; sent < 400_000; sent += 50_000) request.write(' '.repeat(50_000))
    expect(await answered).toBe(413)
    request.destroy()
  })

  test('lets no slow body keep others waiting, and settles it when it is whole', async () => {
    const source = device()
    const text = encodeBatch(range(source, 1, 3))
    const { request, answered } = slowly()
    request.write(text.slice(0, 100))
    expect(await send(range(source, 1, 2))).toEqual(settled(2))
    request.end(text.slice(100))
    expect(await answered).toBe(200)
    expect(await applied(source)).toEqual([1, 2, 3])
  })

  test('goes on when clients go away in the middle of a body', async () => {
    const source = device()
    const text = encodeBatch(range(source, 1, 3))
    for (let client = 0; client < 5; client += 1) {
      const { request, answered } = slowly()
      await new Promise<void>((resolve) => request.write(text.slice(0, -1), () => resolve()))
      request.destroy()
      expect(await answered).toBeUndefined()
    }
    expect(await send(range(source, 1, 1))).toEqual(settled(1))
    expect(await applied(source)).toEqual([1])
  })

  if (durable) {
    test('remembers everything when it is ended in the middle, and begun anew', async () => {
      const source = device()
      const size = 20
      for (let life = 1; life <= 3; life += 1) {
        const sending = Array.from({ length: life * 5 }, (_, batch) => range(source, 1, (batch + 1) * size))
        const all = sending.map((events) => send(events).catch(() => undefined))
        await Promise.race(all)
        await server.end()
        await Promise.all(all)
        server = await start(folder)
        const told = await applied(source)
        expect(told).toEqual(numbers(told.length))
        expect(told.length).toBeGreaterThan(0)
      }
      expect(await send(range(source, 1, 16 * size))).toEqual(settled(16 * size))
      expect(await applied(source)).toEqual(numbers(16 * size))
    })
  }
})
