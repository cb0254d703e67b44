import {
  httpHandler,
  type HttpHandlerOptions,
  HttpError,
  type RequestPayload,
  requestPayload,
} from 'holdfast/http'
import { describe, expect, test } from 'vitest'
import { createQueue, defineTasks, type JobContext } from '../../../src/index.ts'
import { verdictOf } from '../../../src/errors.ts'
import { httpTask } from '../../../src/http/index.ts'
import { bench } from '../queue/bench.ts'
import { listen } from './server.ts'

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: Buffer
}

/** A server that notes what it gets, and answers as it is told. */
async function notingServer(
  answers: readonly (() => { status: number; headers?: Record<string, string>; body?: string })[] = [],
) {
  const seen: Seen[] = []
  const { url } = await listen(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { status = 200, headers = {}, body } = answers[seen.length]?.() ?? {}
    seen.push({
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: Buffer.concat(chunks),
    })
    response.writeHead(status, headers).end(body)
  })
  return { url, seen }
}

const job = (signal: AbortSignal = new AbortController().signal): JobContext => ({
  ...{ id: 'j', kind: 'request', attempt: 1, epoch: 1, key: undefined, enqueuedAt: 0, idempotencyKey: 'j-1' },
  ...{ signal, progress: () => undefined, checkpointed: undefined, checkpoint: async () => undefined },
})

const payloadTo = (url: string, init: RequestInit = {}): Promise<RequestPayload> =>
  requestPayload(new Request(url, { method: 'POST', ...init }))

async function failure(payload: RequestPayload, options: HttpHandlerOptions<unknown> = {}): Promise<unknown> {
  return httpHandler({ result: () => undefined, ...options })(payload, job()).then(
    () => expect.fail('it resolved'),
    (error: unknown) => error,
  )
}

describe('a kept request', () => {
  test('is sent as it was, with the idempotency key of its job', async () => {
    const { url, seen } = await notingServer()
    const bytes = new Uint8Array([0, 1, 254, 255])
    const headers = { 'Content-Type': 'image/png', 'X-Of-Its-Own': 'yes' }
    expect(
      await httpHandler()(await payloadTo(`${url}/a?b=c`, { method: 'PUT', body: bytes, headers }), job()),
    ).toBeUndefined()
    expect(seen[0]).toMatchObject({
      method: 'PUT',
      url: '/a?b=c',
      headers: { 'content-type': 'image/png', 'x-of-its-own': 'yes', 'idempotency-key': 'j-1' },
    })
    expect(new Uint8Array(seen[0]?.body ?? [])).toEqual(bytes)
  })

  test('has the headers that are computed for each attempt, in the place of those that were kept', async () => {
    const { given, keep, clock } = bench()
    const { url, seen } = await notingServer([() => ({ status: 500 })])
    const tasks = defineTasks({ request: httpTask({ retry: { baseMs: 10, backoff: 'fixed' } }) })
    let tokens = 0
    const request = httpHandler({
      headers: async (payload, { attempt }) => ({
        Authorization: `Bearer ${++tokens}`,
        'X-Stale': `${payload.method} ${attempt}`,
      }),
    })
    const queue = keep(createQueue({ ...given(), tasks, handlers: { request } }))
    const { id } = await queue.enqueue('request', await payloadTo(url, { headers: { 'X-Stale': 'old' } }))
    await queue.drain()
    clock.advance(10)
    await queue.drain()
    expect((await queue.get(id))?.state).toBe('completed')
    expect(seen.map(({ headers }) => [headers.authorization, headers['x-stale']])).toEqual([
      ['Bearer 1', 'POST 1'],
      ['Bearer 2', 'POST 2'],
    ])
    expect(seen[0]?.headers['idempotency-key']).toBe(seen[1]?.headers['idempotency-key'])
  })

  test('keeps an idempotency key of its own; another header, or none, may carry it', async () => {
    const { url, seen } = await notingServer()
    const own = { 'Idempotency-Key': 'mine' }
    await httpHandler()(await payloadTo(url, { headers: own }), job())
    await httpHandler({ idempotencyHeader: 'X-Request-Id' })(await payloadTo(url), job())
    await httpHandler({ idempotencyHeader: null })(await payloadTo(url), job())
    expect(seen.map(({ headers }) => [headers['idempotency-key'], headers['x-request-id']])).toEqual([
      ['mine', undefined],
      [undefined, 'j-1'],
      [undefined, undefined],
    ])
  })

  test('that was tried before it was kept goes by that name, and by its job’s once it was edited', async () => {
    const { url, seen } = await notingServer()
    const payload = { ...(await payloadTo(url)), knownAs: ['X-Request-Id', 'tried'] } as const
    await httpHandler()(payload, job())
    await httpHandler({ idempotencyHeader: null })(payload, { ...job(), idempotencyKey: 'j-2' })
    await httpHandler()({ ...payload, headers: [['x-request-id', 'mine']] }, job())
    expect(seen.map(({ headers }) => [headers['x-request-id'], headers['idempotency-key']])).toEqual([
      ['tried', undefined],
      ['j-2', undefined],
      ['mine', undefined],
    ])
  })

  test('is aborted with its job', async () => {
    const controller = new AbortController()
    const { url } = await listen(() => controller.abort(new Error('Enough')))
    await expect(httpHandler()(await payloadTo(url), job(controller.signal))).rejects.toThrow('Enough')
  })
})

describe('the answer', () => {
  test.each([
    [503, { 'Retry-After': '7' }, { type: 'hold', afterMs: 7_000 }],
    [401, {}, { type: 'hold-until-resume' }],
    [500, {}, { type: 'retry', answered: true }],
    [422, {}, { type: 'fatal', answered: true }],
  ])('%i is what assertOk says', async (status, headers, verdict) => {
    const { url } = await notingServer([() => ({ status, headers })])
    expect(verdictOf(await failure(await payloadTo(url)))).toEqual(verdict)
  })

  test('that does not come is no response', async () => {
    const server = await listen(() => undefined)
    await server.close()
    expect(verdictOf(await failure(await payloadTo(server.url)))).toEqual({ type: 'no-response' })
  })

  test('completes, retries or kills the job as `accept` says, where it says something', async () => {
    const rules = { 409: 'complete', 404: 'retry', 503: 'retry', 200: 'fatal' } as const
    const accept = ({ status }: Response) => rules[status as keyof typeof rules]
    const { url } = await notingServer([
      () => ({ status: 409 }),
      () => ({ status: 404, body: 'not yet', headers: { 'Content-Type': 'text/plain' } }),
      () => ({ status: 503, headers: { 'Retry-After': '5' } }),
      () => ({ status: 200, headers: { 'Retry-After': '5' } }),
      () => ({ status: 400 }),
    ])
    const payload = await payloadTo(url)
    expect(await httpHandler({ accept })(payload, job())).toBeUndefined()
    const missing = await failure(payload, { accept })
    expect(missing).toBeInstanceOf(HttpError)
    expect(missing).toMatchObject({ status: 404, body: 'not yet' })
    expect(verdictOf(missing)).toEqual({ type: 'retry', answered: true })
    const busy = await failure(payload, { accept })
    expect(verdictOf(busy)).toEqual({ type: 'retry', answered: true, afterMs: 5_000 })
    expect(verdictOf(await failure(payload, { accept }))).toEqual({ type: 'fatal', answered: true })
    expect(verdictOf(await failure(payload, { accept }))).toEqual({ type: 'fatal', answered: true })
  })

  test('is not waited for to its end where nobody reads it', async () => {
    const clones: Response[] = []
    const accept = (response: Response) => {
      // Of two halves of a body, none is cancelled before the other one.
      clones.push(response.clone())
      return 'complete' as const
    }
    const endless = async () => new Response(new ReadableStream())
    const payload = await payloadTo('https://example.com/')
    expect(await httpHandler({ accept, fetch: endless })(payload, job())).toBeUndefined()
  })

  test('completes the job although the rest of its body is lost', async () => {
    const lost = new ReadableStream({ start: (stream) => stream.error(new TypeError('terminated')) })
    const payload = await payloadTo('https://example.com/')
    expect(await httpHandler({ fetch: async () => new Response(lost) })(payload, job())).toBeUndefined()
  })

  test('becomes the result', async () => {
    const { given, keep } = bench()
    const { url } = await notingServer([() => ({ status: 201, body: '{"id":7}' })])
    const request = httpHandler({ result: async (response): Promise<{ id: number }> => response.json() })
    const queue = keep(createQueue({ ...given(), handlers: { request } }))
    const { id } = await queue.enqueue('request', await payloadTo(url))
    await queue.start()
    const result: { id: number } = await queue.result<'request'>(id)
    expect(result).toEqual({ id: 7 })
  })
})

test('the progress of an upload is that of the job, where the sender tells it', async () => {
  const { given, keep } = bench()
  const request = httpHandler({
    fetch: async (_url, _init, onUpload) => {
      onUpload(5, 10)
      return new Response(null, { status: 204 })
    },
  })
  const queue = keep(createQueue({ ...given(), handlers: { request } }))
  const { id } = await queue.enqueue('request', await payloadTo('https://example.com/', { body: 'x' }))
  await queue.drain()
  expect((await queue.get(id))?.progress).toEqual({ sentBytes: 5, totalBytes: 10 })
})

test('an option that there is not is refused', () => {
  expect(() => httpHandler({ header: {} } as never)).toThrow('header')
})
