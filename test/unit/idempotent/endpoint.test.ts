import { type Answer, type IdempotentOptions, idempotent, memoryResponses } from 'holdfast/idempotent'
import { describe, expect, test } from 'vitest'
import { post } from './suite.ts'

async function problemOf(response: Response): Promise<unknown> {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const body: { title: unknown; status: unknown; code: unknown } = await response.json()
  expect(body.status).toBe(response.status)
  expect(body.title).toEqual(expect.any(String))
  return [response.status, body.code]
}

/** An endpoint that tells who called it, and how often. */
function echo(options: Partial<IdempotentOptions<undefined, Answer | Promise<Answer>>> = {}) {
  const calls: string[] = []
  const endpoint = idempotent(
    (request) => {
      calls.push(`${request.principal}/${request.key}/${request.text()}`)
      return new Response(String(calls.length))
    },
    { store: memoryResponses(), ...options },
  )
  return { endpoint, calls }
}

describe('a key', () => {
  test('that is missing is answered 400, as the draft has it', async () => {
    const { endpoint, calls } = echo()
    const response = await endpoint(post('a', { key: null }))
    expect(await response.clone().json()).toMatchObject({ title: 'Idempotency-Key is missing' })
    expect([await problemOf(response), calls]).toEqual([[400, 'key-missing'], []])
  })

  test('that is malformed is answered 400, also where none is required', async () => {
    const { endpoint, calls } = echo({ required: false })
    for (const key of ['', 'a b', '"a', 'x'.repeat(256)]) {
      expect(await problemOf(await endpoint(post('a', { key })))).toEqual([400, 'key-malformed'])
    }
    expect(calls).toEqual([])
  })

  test('that was sent twice is malformed', async () => {
    const request = post('a', { key: 'one' })
    request.headers.append('idempotency-key', 'one')
    expect(await problemOf(await echo().endpoint(request))).toEqual([400, 'key-malformed'])
  })

  test('is the handler’s to see, as is whose it is', async () => {
    const { endpoint, calls } = echo({ principal: async () => 'ada' })
    await endpoint(post('a', { key: '"k 1"' }))
    expect(calls).toEqual(['ada/k 1/a'])
  })
})

describe('a principal', () => {
  test.each([null, undefined, ''])('that is %j is answered 401, and the body is not read', async (nobody) => {
    const { endpoint, calls } = echo({ principal: () => nobody })
    const request = post('a')
    expect(await problemOf(await endpoint(request))).toEqual([401, 'unauthorized'])
    expect(await problemOf(await endpoint(post('', { method: 'GET' })))).toEqual([401, 'unauthorized'])
    expect([request.bodyUsed, calls]).toEqual([false, []])
  })

  test('is not asked for by OPTIONS, which never has credentials', async () => {
    const { endpoint } = echo({ principal: () => null })
    expect((await endpoint(post('', { method: 'OPTIONS', key: null }))).status).toBe(200)
  })

  test('that cannot be told is an error', async () => {
    const thrown = new Error('no session store')
    const failing = echo({
      principal: () => {
        throw thrown
      },
    })
    await expect(failing.endpoint(post('a'))).rejects.toBe(thrown)
    const odd = echo({ principal: () => JSON.parse('7') })
    await expect(odd.endpoint(post('a'))).rejects.toThrow(
      'principal returned 7, expected a well-formed string',
    )
    const torn = echo({ principal: () => 'ada\ud800' })
    await expect(torn.endpoint(post('a'))).rejects.toThrow('expected a well-formed string or null')
    const reader = echo({ principal: (request) => request.text() })
    await expect(reader.endpoint(post('a'))).rejects.toThrow('principal read the body')
  })
})

describe('a body', () => {
  test('of just the limit is taken, one more is answered 413', async () => {
    const { endpoint, calls } = echo({ maxBodyBytes: 4 })
    expect((await endpoint(post('\u00e9\u00e9'))).status).toBe(200)
    expect(await problemOf(await endpoint(post('\u00e9\u00e9x', { key: 'k-2' })))).toEqual([
      413,
      'body-too-large',
    ])
    expect(calls).toHaveLength(1)
  })

  test('that says it is larger is not read at all', async () => {
    const request = post('aaaaa', { headers: { 'content-length': '5' } })
    expect(await problemOf(await echo({ maxBodyBytes: 4 }).endpoint(request))).toEqual([
      413,
      'body-too-large',
    ])
    expect(request.bodyUsed).toBe(false)
  })

  test('without a length is read up to the limit, and no further', async () => {
    let chunks = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks += 1
        controller.enqueue(new Uint8Array(1_000))
      },
    })
    const headers = { 'idempotency-key': 'k' }
    const endless = new Request('https://example.com/', {
      method: 'POST',
      headers,
      body,
      duplex: 'half',
    } as RequestInit)
    expect(await problemOf(await echo({ maxBodyBytes: 5_000 }).endpoint(endless))).toEqual([
      413,
      'body-too-large',
    ])
    expect(chunks).toBeLessThan(10)
  })

  test('is read where requests have no stream, too, as in Firefox', async () => {
    const withoutStream = (text: string): Request =>
      Object.defineProperty(post(text), 'body', { value: undefined })
    const { endpoint, calls } = echo({ maxBodyBytes: 4 })
    expect(await problemOf(await endpoint(withoutStream('aaaaa')))).toEqual([413, 'body-too-large'])
    expect((await endpoint(withoutStream('aaaa'))).status).toBe(200)
    expect(calls).toEqual([expect.stringContaining('aaaa')])
  })

  test('that breaks off is answered 400', async () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error('the line is dead')),
    })
    const headers = { 'idempotency-key': 'k' }
    const broken = new Request('https://example.com/', {
      method: 'POST',
      headers,
      body,
      duplex: 'half',
    } as RequestInit)
    expect(await problemOf(await echo().endpoint(broken))).toEqual([400, 'body-lost'])
  })

  test('can be read as bytes, text, JSON, and as a request anew', async () => {
    const seen: unknown[] = []
    const endpoint = idempotent(
      async (request) => {
        seen.push(request.bytes.length, request.text(), request.json(), request.method, request.url)
        const anew = request.toRequest()
        seen.push(anew.headers.get('x-any'), await anew.json())
        return new Response()
      },
      { store: memoryResponses() },
    )
    await endpoint(post('{"a":"\u00e9"}', { method: 'PUT', headers: { 'x-any': 'yes' } }))
    const json = { a: '\u00e9' }
    expect(seen).toEqual([10, '{"a":"\u00e9"}', json, 'PUT', 'https://example.com/orders', 'yes', json])
  })

  test('that is a form made anew for each attempt is the same request', async () => {
    const endpoint = idempotent(
      async (request) => new Response(String((await request.toRequest().formData()).get('name'))),
      { store: memoryResponses() },
    )
    for (const replayed of [null, 'true']) {
      const body = new FormData()
      body.append('name', 'Cat')
      const headers = { 'idempotency-key': 'k' }
      const response = await endpoint(new Request('https://example.com/', { method: 'POST', headers, body }))
      expect([await response.text(), response.headers.get('idempotency-replayed')]).toEqual(['Cat', replayed])
    }
  })
})

describe('a response', () => {
  test('is given as it is where it is not kept, even if it never ends', async () => {
    const given = new Response(new ReadableStream())
    const endpoint = idempotent(() => given, { store: memoryResponses(), required: false })
    expect(await endpoint(post('', { method: 'GET' }))).toBe(given)
    expect(await endpoint(post('a', { key: null }))).toBe(given)
  })

  test('leaves out what is for one hop, or for the host to say', async () => {
    const headers = {
      connection: 'close, X-Hop',
      'x-hop': 'yes',
      'keep-alive': 'timeout=5',
      'transfer-encoding': 'chunked',
      'content-length': '3',
      date: 'Tue, 01 Jan 2030 00:00:00 GMT',
      etag: '"1"',
    }
    const endpoint = idempotent(() => ({ headers, body: 'abc' }), { store: memoryResponses() })
    const names = async (): Promise<unknown> => [...(await endpoint(post('a'))).headers.keys()]
    expect(await names()).toEqual(['content-type', 'date', 'etag'])
    expect(await names()).toEqual(['content-type', 'etag', 'idempotency-replayed'])
  })

  test('may be JSON or text with a type of its own', async () => {
    const headers = { 'content-type': 'application/hal+json' }
    for (const [reply, type, text] of [
      [{ json: null }, 'application/json', 'null'],
      [{ json: { a: 1 }, headers }, 'application/hal+json', '{"a":1}'],
      [{ body: 'a' }, 'text/plain;charset=UTF-8', 'a'],
      [{ body: 'a', headers }, 'application/hal+json', 'a'],
      [{ body: new Uint8Array([97]) }, null, 'a'],
      [{}, null, ''],
    ] as const) {
      const response = await idempotent(() => reply, { store: memoryResponses() })(post('a'))
      expect([response.headers.get('content-type'), await response.text()]).toEqual([type, text])
    }
  })

  test.each([
    [undefined, 'the reply: it is undefined, expected an object'],
    ['text', 'the reply: it is "text", expected an object'],
    [{ statsu: 201 }, 'the reply.statsu: there is no such option'],
    [{ status: 199 }, 'the status is 199, expected 200 to 599'],
    [{ status: 600 }, 'the status is 600'],
    [{ status: '200' }, 'the status is "200"'],
    [{ body: 7 }, 'the reply.body: it is 7'],
    [{ json: Symbol('seven') }, 'the reply.json: it is Symbol(seven)'],
    [{ json: 1, body: 'x' }, 'both body and json'],
    [Response.error(), 'the status is 0'],
  ])('that is none is an error, and frees the key: %j', async (answer, message) => {
    let given: unknown = answer
    // As from a program without types.
    const handler = (): Response => given as Response
    const endpoint = idempotent(handler, { store: memoryResponses() })
    await expect(endpoint(post('a'))).rejects.toThrow(message)
    given = new Response('well')
    expect(await (await endpoint(post('a'))).text()).toBe('well')
  })

  test('that was read already is an error', async () => {
    const read = new Response('a')
    await read.text()
    await expect(idempotent(() => read, { store: memoryResponses() })(post('a'))).rejects.toThrow(
      'already read',
    )
  })

  test('larger than can be kept is not read to its end', async () => {
    let chunks = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks += 1
        controller.enqueue(new Uint8Array(1_000))
      },
    })
    const options = { store: memoryResponses(), maxResponseBytes: 5_000 }
    const endpoint = idempotent(() => new Response(endless), options)
    await expect(endpoint(post('a'))).rejects.toThrow('larger than maxResponseBytes, 5000')
    expect(chunks).toBeLessThan(10)
  })

  test('is final as isFinal says, but for 5xx', async () => {
    for (const [status, runs] of [
      [201, 1],
      [422, 2],
      [503, 2],
    ] as const) {
      let count = 0
      const handler = (): Response => {
        count += 1
        return new Response(null, { status })
      }
      const isFinal = (given: number): boolean => given < 400 || given >= 500
      const endpoint = idempotent(handler, { store: memoryResponses(), isFinal })
      await endpoint(post('a'))
      await endpoint(post('a'))
      expect([status, count]).toEqual([status, runs])
    }
  })
})

describe('duplicates of one that goes on', () => {
  function slow(waitMs: number) {
    const gate = Promise.withResolvers<void>()
    let runs = 0
    const endpoint = idempotent(
      async () => {
        runs += 1
        await gate.promise
        return new Response(String(runs))
      },
      { store: memoryResponses(), waitMs },
    )
    return { endpoint, open: gate.resolve, runs: () => runs }
  }

  test('wait for its answer, and leave no timer behind', async () => {
    const { endpoint, open, runs } = slow(Number.POSITIVE_INFINITY)
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const all = [endpoint(post('a')), endpoint(post('a')), endpoint(post('a'))]
    await expect.poll(runs).toBe(1)
    open()
    const texts = await Promise.all(all.map(async (one) => (await one).text()))
    expect([texts, runs()]).toEqual([['1', '1', '1'], 1])
    await expect.poll(() => timers() - before).toBeLessThanOrEqual(0)
  })

  test('are answered 409 after waitMs, with Retry-After, and get the answer later', async () => {
    const { endpoint, open, runs } = slow(5)
    const first = endpoint(post('a'))
    await expect.poll(runs).toBe(1)
    const second = await endpoint(post('a'))
    expect(second.headers.get('retry-after')).toBe('1')
    expect(await problemOf(second)).toEqual([409, 'key-in-use'])
    open()
    await first
    expect(await (await endpoint(post('a'))).text()).toBe('1')
  })

  test('are answered 409 at once with a waitMs of 0', async () => {
    const { endpoint, open, runs } = slow(0)
    const first = endpoint(post('a'))
    await expect.poll(runs).toBe(1)
    expect((await endpoint(post('a'))).status).toBe(409)
    open()
    expect((await first).status).toBe(200)
  })

  test('that are another request get 422 once it is done', async () => {
    const { endpoint, open, runs } = slow(60_000)
    const first = endpoint(post('a'))
    await expect.poll(runs).toBe(1)
    const other = endpoint(post('b'))
    open()
    await first
    expect((await other).status).toBe(422)
  })
})

describe('prepare', () => {
  test('gives the handler its third argument, and is not called for what is kept', async () => {
    let prepared = 0
    const endpoint = idempotent((_, __, hash: string) => new Response(hash), {
      store: memoryResponses(),
      prepare: async (request) => {
        prepared += 1
        return (await request.toRequest().text()).toUpperCase()
      },
    })
    expect(await (await endpoint(post('abc'))).text()).toBe('ABC')
    expect(await (await endpoint(post('abc'))).text()).toBe('ABC')
    expect(prepared).toBe(1)
  })

  test('that throws frees the key', async () => {
    let isDown = true
    const endpoint = idempotent(() => new Response('done'), {
      store: memoryResponses(),
      prepare: () => {
        if (isDown) throw new Error('down')
      },
    })
    await expect(endpoint(post('a'))).rejects.toThrow('down')
    isDown = false
    expect((await endpoint(post('a'))).status).toBe(200)
  })
})

describe('options', () => {
  const store = memoryResponses()
  const given = (options: object): unknown => idempotent(() => new Response(), { store, ...options })

  test.each([
    [{ keepDays: 3 }, TypeError, 'options.keepDays: there is no such option'],
    [{ store: undefined }, TypeError, 'options.store.find: it is undefined'],
    [{ store: { find: () => undefined } }, TypeError, 'options.store.run: it is undefined'],
    [{ principal: 'ada' }, TypeError, 'options.principal: it is "ada"'],
    [{ prepare: 7 }, TypeError, 'options.prepare: it is 7'],
    [{ isFinal: [200] }, TypeError, 'options.isFinal: it is an array'],
    [{ now: 0 }, TypeError, 'options.now: it is 0'],
    [{ required: 'yes' }, TypeError, 'options.required: it is "yes"'],
    [{ keepMs: -1 }, RangeError, 'options.keepMs: it is -1'],
    [{ waitMs: Number.NaN }, RangeError, 'options.waitMs: it is NaN'],
    [{ waitMs: '5' }, RangeError, 'options.waitMs: it is "5"'],
    [{ maxBodyBytes: 1.5 }, RangeError, 'options.maxBodyBytes: it is 1.5'],
    [{ maxResponseBytes: -1 }, RangeError, 'options.maxResponseBytes: it is -1'],
  ])('that make no sense are refused at once: %j', (options, type, message) => {
    expect(() => given(options)).toThrow(type)
    expect(() => given(options)).toThrow(message)
  })

  test('must be there, and a handler', () => {
    // As from a program without types.
    const call = (...values: unknown[]): unknown => Reflect.apply(idempotent, undefined, values)
    expect(() => call(() => new Response())).toThrow('options: it is undefined')
    expect(() => call({ store })).toThrow('the handler: it is an object')
  })

  test('may say for ever', async () => {
    const endpoint = idempotent(() => new Response(), {
      store: memoryResponses(),
      keepMs: Infinity,
      waitMs: Infinity,
    })
    await endpoint(post('a'))
    expect((await endpoint(post('a'))).headers.get('idempotency-replayed')).toBe('true')
  })
})
