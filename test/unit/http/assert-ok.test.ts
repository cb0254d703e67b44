import { assertOk, HttpError, NoResponseError } from 'holdfast/http'
import { describe, expect, test } from 'vitest'
import { QueueError, verdictOf } from '../../../src/errors.ts'
import { listen } from './server.ts'

const failure = async (response: Response | Promise<Response>): Promise<unknown> =>
  assertOk(response).then(
    () => expect.fail('it resolved'),
    (error: unknown) => error,
  )

const httpFailure = async (response: Response | Promise<Response>): Promise<HttpError> => {
  const error = await failure(response)
  if (!(error instanceof HttpError)) throw error
  return error
}

describe('a response of success', () => {
  test('is handed on untouched, its body unread', async () => {
    const response = new Response('made', { status: 201 })
    expect(await assertOk(response)).toBe(response)
    expect(await response.text()).toBe('made')
  })

  test('may be awaited or given as the promise of fetch', async () => {
    const { url } = await listen((_, response) => response.end('fine'))
    expect(await (await assertOk(fetch(url))).text()).toBe('fine')
  })
})

describe('an answer that is no success', () => {
  test('carries its status, its wait and its verdict', async () => {
    const error = await httpFailure(
      new Response(null, { status: 503, statusText: 'Service Unavailable', headers: { 'retry-after': '7' } }),
    )
    expect(error).toMatchObject({ name: 'HttpError', status: 503, retryAfterMs: 7_000, body: '' })
    expect(verdictOf(error)).toEqual({ type: 'hold', afterMs: 7_000 })
  })

  test('reads a date by the clock it was given', async () => {
    const response = new Response(null, {
      status: 429,
      headers: { 'retry-after': 'Thu, 01 Jan 1970 00:00:30 GMT' },
    })
    const error = await assertOk(response, { now: () => 10_000 }).catch((caught: unknown) => caught)
    expect(verdictOf(error)).toEqual({ type: 'hold', afterMs: 20_000 })
  })

  test('names the path and the status, and keeps credentials, query and fragment out', async () => {
    const { url } = await listen((_, response) => response.writeHead(404).end())
    const error = await httpFailure(fetch(`${url}/photos/7?token=secret#secret`))
    expect(error.message).toBe('Request to /photos/7 failed: 404 Not Found')
    expect(error.url).toBe(`${url}/photos/7`)
    expect(JSON.stringify({ ...error })).not.toContain('secret')
    expect(verdictOf(error)).toEqual({ type: 'fatal', answered: true })
  })

  test('is fatal when it is a redirect that was not to be followed', async () => {
    const { url } = await listen((_, response) => response.writeHead(302, { location: '/login' }).end())
    const error = await failure(fetch(url, { redirect: 'manual' }))
    expect(verdictOf(error)).toEqual({ type: 'fatal', answered: true })
  })

  test('quotes the first 500 characters of text and of JSON', async () => {
    const text = 'ü'.repeat(600)
    for (const type of ['text/plain; charset=utf-8', 'application/json', 'application/problem+json']) {
      const error = await httpFailure(new Response(text, { status: 400, headers: { 'content-type': type } }))
      expect(error.body, type).toBe('ü'.repeat(500))
    }
  })

  test('quotes nothing else', async () => {
    for (const type of ['image/png', 'application/jsonish', 'application/octet-stream']) {
      const error = await httpFailure(
        new Response('bytes', { status: 400, headers: { 'content-type': type } }),
      )
      expect(error.body, type).toBe('')
    }
  })

  test('leaves a body alone that somebody else has read or is reading', async () => {
    const read = new Response('text', { status: 400 })
    await read.text()
    expect((await httpFailure(read)).body).toBe('')
    const locked = new Response('text', { status: 400 })
    const reader = locked.body?.getReader()
    expect((await httpFailure(locked)).body).toBe('')
    expect((await reader?.read())?.done).toBe(false)
  })

  test('stops a body without end, so that its connection is free', async () => {
    const closed = Promise.withResolvers<void>()
    const { url } = await listen((_, response) => {
      response.writeHead(500, { 'content-type': 'text/plain' })
      const write = (): void =>
        void (response.write('x'.repeat(10_000)) ? setImmediate(write) : response.once('drain', write))
      response.on('close', closed.resolve)
      write()
    })
    expect((await httpFailure(fetch(url))).body).toBe('x'.repeat(500))
    await closed.promise
  })

  test('cancels a body it does not quote', async () => {
    const closed = Promise.withResolvers<void>()
    const { url } = await listen((_, response) => {
      response.writeHead(500, { 'content-type': 'image/png' })
      response.on('close', closed.resolve)
      response.write('x')
    })
    await httpFailure(fetch(url))
    await closed.promise
  })

  test('cuts off a body that never comes', async () => {
    const { url } = await listen((_, response) => {
      response.writeHead(503, { 'content-type': 'text/plain' })
      response.write('half a sen')
    })
    const error = await assertOk(fetch(url), { excerptMs: 50 }).catch((caught: unknown) => caught)
    expect(verdictOf(error)).toEqual({ type: 'hold' })
    expect(error).toHaveProperty('body', 'half a sen')
  })

  test('keeps its verdict when its body is lost', async () => {
    const { url } = await listen((_, response) => {
      response.writeHead(503, { 'content-type': 'text/plain', 'content-length': '1000' })
      response.write('half', () => response.destroy())
    })
    const error = await httpFailure(fetch(url))
    expect(verdictOf(error)).toEqual({ type: 'hold' })
  })

  test('gives way to an abort while its body is read', async () => {
    const controller = new AbortController()
    const reason = new QueueError('stopped', 'The worker was stopped')
    const { url } = await listen((_, response) => {
      response.writeHead(503, { 'content-type': 'text/plain' })
      response.write('half')
    })
    const response = await fetch(url, { signal: controller.signal })
    const outcome = failure(response)
    controller.abort(reason)
    expect(await outcome).toBe(reason)
  })
})

describe('no answer', () => {
  test('is a NoResponseError when the connection is refused', async () => {
    const { url, close } = await listen(() => undefined)
    await close()
    const error = await failure(fetch(url))
    expect(error).toBeInstanceOf(NoResponseError)
    expect(error).toMatchObject({ name: 'NoResponseError', cause: expect.any(TypeError) })
    expect(verdictOf(error)).toEqual({ type: 'no-response' })
  })

  test('is a NoResponseError when the connection is reset before the answer', async () => {
    const { url } = await listen((request) => request.socket.destroy())
    expect(await failure(fetch(url))).toBeInstanceOf(NoResponseError)
  })

  test('is a NoResponseError when the response is an error made by hand', async () => {
    expect(await failure(Response.error())).toBeInstanceOf(NoResponseError)
  })

  test('is a NoResponseError when the browser says NetworkError', async () => {
    const error = new DOMException('A network error occurred', 'NetworkError')
    expect(await failure(Promise.reject(error))).toMatchObject({ name: 'NoResponseError', cause: error })
  })
})

describe('a rejection of another kind', () => {
  test('is handed on unchanged when the request was aborted with a reason', async () => {
    const { url } = await listen(() => undefined)
    const reason = new QueueError('lease-lost', 'The lease was lost')
    expect(await failure(fetch(url, { signal: AbortSignal.abort(reason) }))).toBe(reason)
  })

  test('is handed on unchanged when the request was aborted without one, or timed out', async () => {
    const { url } = await listen(() => undefined)
    expect(await failure(fetch(url, { signal: AbortSignal.abort() }))).toHaveProperty('name', 'AbortError')
    expect(await failure(fetch(url, { signal: AbortSignal.timeout(20) }))).toHaveProperty(
      'name',
      'TimeoutError',
    )
  })

  test("is handed on unchanged when it is the caller's own", async () => {
    const error = new RangeError('mine')
    expect(await failure(Promise.reject(error))).toBe(error)
  })
})

describe('after a success', () => {
  test('a body that breaks off fails where it is read', async () => {
    const { url } = await listen((_, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('half', () => response.destroy())
    })
    const response = await assertOk(fetch(url))
    await expect(response.text()).rejects.toBeInstanceOf(TypeError)
  })
})

describe('misuse', () => {
  test.each([
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a promise of nothing', Promise.resolve(), 'undefined'],
    ['an address', 'https://example.test', '"https://example.test"'],
    ['another object', {}, 'an object'],
  ])('is %s instead of a response, and no failure of the network', async (_, given, shown) => {
    const error = await failure(given as unknown as Response)
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({
      message: `Cannot use response: it is ${shown}, expected a Response or a promise of one`,
    })
  })

  test('is an option that does not exist', async () => {
    const asked = assertOk(new Response(), { excerptMS: 5 } as object)
    await expect(asked).rejects.toThrow(/options\.excerptMS.*no such option.*excerptMs/)
  })
})
