/** What an endpoint does whatever its store is: run in every runtime, so it needs no test runner. */
import type { KeyedRequest, Reply } from 'holdfast/idempotent'
import { assert, rejection, same } from '../../../src/testing/conformance/assert.ts'

/** What a handler is to do. */
export interface Act {
  /** Written through `tx`. */
  readonly effect?: string
  readonly reply?: Reply
  /** Thrown after the effect. */
  readonly throws?: Error
}

export interface EndpointOptions {
  readonly act: (request: KeyedRequest) => Act
  readonly principal?: (request: Request) => string | null
  readonly required?: boolean
  readonly keepMs?: number
  readonly maxResponseBytes?: number
  readonly now?: () => number
}

export type Endpoint = (request: Request) => Promise<Response>

/** One store, new and empty, and the table that handlers write to. */
export interface Peer {
  endpoint(options: EndpointOptions): Endpoint
  effects(): Promise<readonly string[]>
  /** Whether the effects of what is freed are undone. */
  readonly undoes: boolean
}

export type Cases = Readonly<Record<string, (peer: Peer) => Promise<void>>>

export interface PostOptions {
  readonly key?: string | null
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
}

export function post(body: string, options: PostOptions = {}): Request {
  const { key = 'k-1', method = 'POST', url = 'https://example.com/orders', headers = {} } = options
  const all = { ...headers, ...(key !== null && { 'idempotency-key': key }) }
  return new Request(url, { method, headers: all, body: method === 'GET' ? null : body })
}

const numbered = (): ((request: KeyedRequest) => Act) => {
  let run = 0
  return (request) => {
    run += 1
    return { effect: `${request.text()} ${run}`, reply: { status: 201, json: { run } } }
  }
}

async function seen(response: Response): Promise<unknown> {
  const replayed = response.headers.get('idempotency-replayed')
  return [response.status, await response.text(), replayed]
}

const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index)

const keeping: Cases = {
  'the first answer is given again, and the effect is not repeated': async (peer) => {
    const endpoint = peer.endpoint({ act: numbered() })
    same(await seen(await endpoint(post('a'))), [201, '{"run":1}', null], 'the first answer')
    same(await seen(await endpoint(post('a'))), [201, '{"run":1}', 'true'], 'the second answer')
    same(await peer.effects(), ['a 1'], 'the effects')
  },

  'an answer is given again byte for byte, with its headers': async (peer) => {
    const headers = { 'x-name': 'J\u00f6rg "x"', location: '/orders/1', 'content-type': 'image/x-any' }
    const endpoint = peer.endpoint({ act: () => ({ reply: { status: 203, headers, body: everyByte } }) })
    for (const replayed of [null, 'true']) {
      const response = await endpoint(post('a'))
      same(response.status, 203, 'the status')
      const got = ['x-name', 'location', 'content-type', 'idempotency-replayed'].map((name) =>
        response.headers.get(name),
      )
      same(got, [...Object.values(headers), replayed], 'the headers')
      same(new Uint8Array(await response.arrayBuffer()), everyByte, 'the body')
    }
  },

  'an answer without a body is given again without one': async (peer) => {
    const endpoint = peer.endpoint({ act: () => ({ effect: 'deleted', reply: { status: 204 } }) })
    for (const replayed of [null, 'true']) {
      const response = await endpoint(post('a', { method: 'DELETE' }))
      same([response.status, response.body], [204, null], 'status and body')
      same(response.headers.get('idempotency-replayed'), replayed, 'the marker')
    }
    same(await peer.effects(), ['deleted'], 'the effects')
  },

  'a refusal that is final is given again': async (peer) => {
    const endpoint = peer.endpoint({ act: () => ({ effect: 'noted', reply: { status: 404, body: 'none' } }) })
    for (const replayed of [null, 'true']) {
      same(await seen(await endpoint(post('a'))), [404, 'none', replayed], 'the answer')
    }
    same(await peer.effects(), ['noted'], 'the effects')
  },

  'a cookie is for the first alone': async (peer) => {
    const headers: [string, string][] = [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-kept', 'yes'],
    ]
    const endpoint = peer.endpoint({ act: () => ({ reply: { headers, body: 'in' } }) })
    const cookies = async (): Promise<unknown> => {
      const response = await endpoint(post('a'))
      return [response.headers.getSetCookie(), response.headers.get('x-kept')]
    }
    same(await cookies(), [['a=1', 'b=2'], 'yes'], 'the first')
    same(await cookies(), [[], 'yes'], 'the second')
  },

  'a key in quotes is the key without': async (peer) => {
    const endpoint = peer.endpoint({ act: numbered() })
    await endpoint(post('a', { key: 'k-9' }))
    same(await seen(await endpoint(post('a', { key: '"k-9"' }))), [201, '{"run":1}', 'true'], 'the answer')
  },

  'other keys, and keys of others, have nothing to do with it': async (peer) => {
    const principal = (request: Request): string | null => request.headers.get('x-user')
    const endpoint = peer.endpoint({ act: numbered(), principal })
    const send = (user: string, key: string): Promise<Response> =>
      endpoint(post('a', { key, headers: { 'x-user': user } }))
    for (const [user, key] of [
      ['ada', '1'],
      ['ada', '2'],
      ["o'brien --", '1'],
      ['\u00e9', '1'],
    ] as const) {
      same((await send(user, key)).headers.get('idempotency-replayed'), null, `${user} ${key}`)
      same((await send(user, key)).headers.get('idempotency-replayed'), 'true', `${user} ${key}, again`)
    }
    same((await peer.effects()).length, 4, 'the effects')
  },
}

const freeing: Cases = {
  'an answer that is not final is undone, and frees the key': async (peer) => {
    for (const status of [401, 408, 409, 425, 429, 500, 503, 599]) {
      let run = 0
      const act = (): Act => {
        run += 1
        return { effect: `${status} ${run}`, reply: { status: run < 3 ? status : 201, body: `${run}` } }
      }
      const endpoint = peer.endpoint({ act })
      const send = async (): Promise<unknown> => seen(await endpoint(post('a', { key: `k-${status}` })))
      same(await send(), [status, '1', null], 'the first answer')
      same(await send(), [status, '2', null], 'the second answer')
      same(await send(), [201, '3', null], 'the third answer')
      same(await send(), [201, '3', 'true'], 'the fourth answer')
      const effects = (await peer.effects()).filter((effect) => effect.startsWith(`${status}`))
      same(effects, peer.undoes ? [`${status} 3`] : [1, 2, 3].map((n) => `${status} ${n}`), 'the effects')
    }
  },

  'what is thrown is thrown on, undone, and frees the key': async (peer) => {
    const thrown = new Error('on fire')
    let run = 0
    const act = (): Act => {
      run += 1
      return { effect: `run ${run}`, ...(run === 1 ? { throws: thrown } : { reply: { body: 'done' } }) }
    }
    const endpoint = peer.endpoint({ act })
    const got = await rejection(endpoint(post('a')), 'the first request')
    assert(got === thrown, 'what was thrown')
    same(await peer.effects(), peer.undoes ? [] : ['run 1'], 'the effects')
    same(await seen(await endpoint(post('a'))), [200, 'done', null], 'the second answer')
    same(await seen(await endpoint(post('a'))), [200, 'done', 'true'], 'the third answer')
  },

  'an answer that is too large to keep is an error, and frees the key': async (peer) => {
    let length = 11
    const act = (): Act => ({ effect: `${length}`, reply: { body: 'x'.repeat(length) } })
    const endpoint = peer.endpoint({ act, maxResponseBytes: 10 })
    const error = await rejection(endpoint(post('a')), 'an answer of 11 bytes')
    assert(error instanceof RangeError && error.message.includes('maxResponseBytes'), 'a RangeError')
    length = 10
    same(await seen(await endpoint(post('a'))), [200, 'xxxxxxxxxx', null], 'an answer of 10 bytes')
    same(await peer.effects(), peer.undoes ? ['10'] : ['11', '10'], 'the effects')
  },

  'a response is kept for keepMs, and not for longer': async (peer) => {
    let now = 1_000_000
    const endpoint = peer.endpoint({ act: numbered(), keepMs: 1_000, now: () => now })
    await endpoint(post('a'))
    now += 999
    same(await seen(await endpoint(post('a'))), [201, '{"run":1}', 'true'], 'just before')
    now += 1
    same(await seen(await endpoint(post('a'))), [201, '{"run":2}', null], 'just after')
    same(await seen(await endpoint(post('a'))), [201, '{"run":2}', 'true'], 'and from then on')
    same(await peer.effects(), ['a 1', 'a 2'], 'the effects')
  },
}

const telling: Cases = {
  'the same key for something else is answered 422, and does nothing': async (peer) => {
    const endpoint = peer.endpoint({ act: numbered() })
    await endpoint(post('a'))
    for (const other of [
      post('b'),
      post(''),
      post('a', { method: 'PUT' }),
      post('a', { url: 'https://example.com/orders/1' }),
      post('a', { url: 'https://example.com/orders?x=1' }),
    ]) {
      const response = await endpoint(other)
      same(response.headers.get('content-type'), 'application/problem+json', 'the type')
      const { status, code } = (await response.json()) as { status: unknown; code: unknown }
      same([response.status, status, code], [422, 422, 'key-reused'], 'the problem')
    }
    same(await peer.effects(), ['a 1'], 'the effects')
  },

  'endpoints on one store share its keys': async (peer) => {
    const [one, two] = [peer.endpoint({ act: numbered() }), peer.endpoint({ act: numbered() })]
    await one(post('a'))
    same((await two(post('b'))).status, 422, 'another body')
    same((await two(post('a'))).headers.get('idempotency-replayed'), 'true', 'the same body')
  },

  'GET passes through, and is run each time': async (peer) => {
    const endpoint = peer.endpoint({ act: (request) => ({ reply: { body: `${request.key}` } }) })
    for (const key of [null, 'k-1', 'k-1']) {
      const response = await endpoint(post('', { method: 'GET', key }))
      same(await seen(response), [200, 'undefined', null], 'the answer')
    }
  },

  'without a key, where none is required, it is run each time, and undone unless final': async (peer) => {
    let run = 0
    const act = (): Act => {
      run += 1
      return { effect: `run ${run}`, reply: { status: run === 2 ? 503 : 200, body: `${run}` } }
    }
    const endpoint = peer.endpoint({ act, required: false })
    for (const status of [200, 503, 200])
      same((await endpoint(post('a', { key: null }))).status, status, 'it')
    same(await peer.effects(), ['run 1', ...(peer.undoes ? [] : ['run 2']), 'run 3'], 'the effects')
  },
}

const racing: Cases = {
  'of many at once one takes effect, and all get its answer': async (peer) => {
    const endpoint = peer.endpoint({ act: numbered() })
    const all = await Promise.all(Array.from({ length: 20 }, () => endpoint(post('a'))))
    const bodies = new Set(await Promise.all(all.map((response) => response.text())))
    same([new Set(all.map(({ status }) => status)), bodies.size], [new Set([201]), 1], 'the answers')
    const fresh = all.filter(({ headers }) => headers.get('idempotency-replayed') === null)
    same([fresh.length, (await peer.effects()).length], [1, 1], 'who was first, and the effects')
  },

  'of many at once, whose first are freed, one takes effect': async (peer) => {
    let run = 0
    const act = (): Act => {
      run += 1
      if (run === 1) return { effect: `${run}`, throws: new Error('the first') }
      return { effect: `${run}`, reply: { status: run === 2 ? 500 : 201, body: `${run}` } }
    }
    const endpoint = peer.endpoint({ act })
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => endpoint(post('a'))))
    const answers = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const final = answers.filter(({ status }) => status === 201)
    const bodies = new Set(await Promise.all(final.map((response) => response.text())))
    assert(bodies.size === 1, 'one body')
    if (peer.undoes) same(await peer.effects(), [...bodies], 'the effects')
    same((await endpoint(post('a'))).headers.get('idempotency-replayed'), 'true', 'what is kept')
  },

  'many at once of other keys do not get in the way of each other': async (peer) => {
    const endpoint = peer.endpoint({
      act: (request) => ({ effect: request.text(), reply: { body: request.text() } }),
    })
    const keys = Array.from({ length: 30 }, (_, index) => `k-${index}`)
    const twice = [...keys, ...keys]
    const answers = await Promise.all(twice.map(async (key) => (await endpoint(post(key, { key }))).text()))
    same(answers, twice, 'the answers')
    same([...(await peer.effects())].sort(), [...keys].sort(), 'the effects')
  },
}

export const cases: Cases = { ...keeping, ...freeing, ...telling, ...racing }

/** Runs all of it, each on a peer of its own. What became of each: `null` is well. */
export async function outcomesOf(open: () => Peer | Promise<Peer>): Promise<Record<string, string | null>> {
  const outcomes: Record<string, string | null> = {}
  for (const [name, run] of Object.entries(cases)) {
    outcomes[name] = await Promise.resolve(open())
      .then(run)
      .then(
        () => null,
        (error: unknown) => (error instanceof Error ? `${error.stack}` : String(error)),
      )
  }
  return outcomes
}
