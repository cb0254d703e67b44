import { describe, expect, test } from 'vitest'
import { listRejects } from '../../../src/machine/outbox.ts'
import type { WireEvent } from '../../../src/sync/wire.ts'
import { settle } from './clock.ts'
import { type Context, context, jobs, owner, server } from './device.ts'

type Answering = (events: readonly WireEvent[], init: RequestInit) => Response | Promise<Response>

interface Script {
  readonly fetch: (to: string, init: RequestInit) => Promise<Response>
  /** The numbers of each request's events; a loss as `from..to`. */
  readonly sent: string[]
  readonly headers: Headers[]
}

/** A server that answers as told, the last answer for ever. */
function script(...answers: readonly Answering[]): Script {
  const sent: string[] = []
  const headers: Headers[] = []
  return {
    sent,
    headers,
    async fetch(_, init) {
      const events: WireEvent[] = JSON.parse(String(init.body))
      const answer = answers[Math.min(sent.length, answers.length - 1)]
      sent.push(numbersOf(events))
      headers.push(new Headers(init.headers))
      return answer ? answer(events, init) : Response.error()
    },
  }
}

function numbersOf(events: readonly WireEvent[]): string {
  const numbers = events.map((event) =>
    'from' in event.data ? `${event.data.from}..${event.data.to}` : String(Number(event.sequence)),
  )
  return numbers.length > 4 ? `${numbers[0]} to ${numbers.at(-1)}` : numbers.join(' ')
}

/** Settles all that it is sent. */
const yes: Answering = (events) => {
  const last = events.at(-1)
  return Response.json({ acknowledged: Number(last?.sequence), id: last?.id, rejected: [] })
}

function status(code: number, headers: HeadersInit = {}): Answering {
  return () => new Response(null, { status: code, headers })
}

function json(body: unknown, code = 200): Answering {
  return () => Response.json(body, { status: code })
}

async function device(
  answers: readonly Answering[],
  count = 2,
  options = {},
): Promise<{ readonly device: Context; readonly sent: string[]; readonly headers: Headers[] }> {
  const { fetch, sent, headers } = script(...answers)
  const made = await context({ fetch, ...options })
  await made.finish(...jobs(count))
  return { device: made, sent, headers }
}

describe('a 200 settles', () => {
  test('everything up to its number, though less was sent or more is there', async () => {
    const { device: one, sent } = await device(
      [json({ acknowledged: 2, id: '2-job-2', rejected: [] }), yes],
      3,
    )
    expect(await one.sender.flush()).toMatchObject({ sent: 3, remaining: 0 })
    expect(sent).toEqual(['1 2 3', '3'])
  })

  test('what it lists as rejected, once each, its words bounded', async () => {
    const rejection = { sequence: 2, code: 'c'.repeat(100), message: 'm'.repeat(1_000) }
    const unknown = { sequence: 1, code: 'again', message: '' }
    const rejected = [rejection, rejection]
    const first = json({ acknowledged: 2, id: '2-job-2', rejected })
    const second = json({ acknowledged: 3, id: '3-job-3', rejected: [unknown] })
    const { device: one } = await device([first, second], 3)
    expect(await one.sender.flush()).toMatchObject({ sent: 2, rejected: 1 })
    expect(listRejects(one.state(), owner)).toMatchObject([
      { id: 'job-2', code: 'c'.repeat(64), message: 'm'.repeat(500) },
    ])
  })

  test('nothing when it says less than what was known', async () => {
    const { device: one, sent } = await device([yes, json({ acknowledged: 1, id: '1-job-1', rejected: [] })])
    await one.sender.flush()
    await one.finish('job-3')
    expect(await one.sender.flush()).toMatchObject({ sent: 0, remaining: 1, stopped: 'refused' })
    expect(sent).toHaveLength(2)
  })

  test('nothing under another id: a new outbox begins at 1', async () => {
    const other = json({ acknowledged: 2, id: '2-another-job', rejected: [] })
    const { device: one, sent, headers } = await device([other, yes])
    expect(await one.sender.flush()).toMatchObject({ sent: 2, remaining: 0 })
    expect(sent).toEqual(['1 2', '1 2'])
    expect(headers[1]?.has('holdfast-previous')).toBe(false)
    expect(one.state().outboxes.get(owner)?.id).not.toBe('outbox-a')
  })

  test('nothing when it is a captive portal’s page', async () => {
    const page = () =>
      new Response('<!doctype html><title>Sign in</title>', { headers: { 'content-type': 'text/html' } })
    const { device: one } = await device([page])
    one.sender.start()
    await settle()
    expect(one.unsent()).toBe(2)
    expect(one.sender.status()).toMatchObject({ state: 'refused', unsent: 2, lastError: expect.any(Error) })
    expect(one.told).toMatchObject([{ type: 'warning' }])
  })

  test('nothing when its body never ends', async () => {
    const endless = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(1_048_576).fill(0x20)),
        }),
      )
    const { device: one } = await device([endless])
    expect(await one.sender.flush()).toMatchObject({ stopped: 'refused' })
  })
})

describe('a 409', () => {
  test('that expects an earlier number is sent from there, numbers that are gone as one loss', async () => {
    const { device: one, sent, headers } = await device([yes, json({ expected: 2 }, 409), yes], 5)
    await one.sender.flush()
    await one.finish('job-6', 'job-7')
    expect(await one.sender.flush()).toMatchObject({ sent: 2, remaining: 0 })
    expect(sent).toEqual(['1 to 5', '6 7', '2..5 6 7'])
    expect(headers.map((each) => each.get('holdfast-previous'))).toEqual([null, '5-job-5', null])
    await one.finish('job-8')
    await one.sender.flush()
    expect(sent.at(-1)).toBe('8')
  })

  test('may be followed by a 200 for a part of the loss: the rest of it is sent', async () => {
    const part = json({ acknowledged: 2, id: '2-lost', rejected: [] })
    const { device: one, sent } = await device([yes, json({ expected: 1 }, 409), part, yes], 4)
    await one.sender.flush()
    await one.finish('job-5')
    expect(await one.sender.flush()).toMatchObject({ sent: 1, remaining: 0 })
    expect(sent).toEqual(['1 2 3 4', '5', '1..4 5', '3..4 5'])
  })

  test('that expects what was sent, or more, settles nothing', async () => {
    for (const expected of [1, 2, 9]) {
      const { device: one, sent } = await device([json({ expected }, 409)])
      expect(await one.sender.flush()).toMatchObject({ stopped: 'refused' })
      expect(sent).toHaveLength(1)
    }
  })

  test('that expects ever less is not followed for ever', async () => {
    const { device: one, sent } = await device(
      [yes, json({ expected: 3 }, 409), json({ expected: 2 }, 409), json({ expected: 1 }, 409)],
      4,
    )
    await one.sender.flush()
    await one.finish('job-5')
    expect(await one.sender.flush()).toMatchObject({ stopped: 'refused' })
    expect(sent).toHaveLength(4)
  })

  test('that tells of a fork makes a new outbox, and everything unsettled goes out from 1', async () => {
    const { device: one, sent } = await device([yes, json({ fork: true }, 409), yes])
    await one.sender.flush()
    await one.finish('job-3', 'job-4')
    expect(await one.sender.flush()).toMatchObject({ sent: 2, remaining: 0 })
    expect(sent).toEqual(['1 2', '3 4', '1 2'])
    expect(one.state().jobs.get('job-3')).toMatchObject({ ack: 'acked', sequence: 1 })
  })

  test('that finds a fork in every outbox does not make one after another', async () => {
    const fork = json({ fork: true }, 409)
    const { device: one, sent } = await device([fork, fork, fork, fork, yes])
    expect(await one.sender.flush()).toMatchObject({ stopped: 'refused', remaining: 2 })
    expect(sent).toHaveLength(3)
    expect(await one.sender.flush()).toMatchObject({ sent: 2, remaining: 0 })
  })

  test('that tells of a fork ends the search for what was refused: the new outbox is sent whole', async () => {
    const { device: one, sent } = await device([status(422), json({ fork: true }, 409), yes], 8)
    expect(await one.sender.flush()).toMatchObject({ sent: 8 })
    expect(sent).toEqual(['1 to 8', '1 2 3 4', '1 to 8'])
  })

  test('a fork found in each 200 is bounded, too', async () => {
    const { device: one, sent } = await device([json({ acknowledged: 99, id: '99-x', rejected: [] })])
    expect(await one.sender.flush()).toMatchObject({ stopped: 'refused', remaining: 2 })
    expect(sent).toHaveLength(3)
  })

  test('of no shape settles nothing', async () => {
    const { device: one } = await device([json({ conflict: 'merge' }, 409)])
    expect(await one.sender.flush()).toMatchObject({ stopped: 'refused' })
  })
})

describe.each([400, 413, 422])('a %i', (code) => {
  const refuses =
    (job: string): Answering =>
    (events, init) =>
      events.some((event) => 'subject' in event && event.subject === job)
        ? new Response(null, { status: code })
        : yes(events, init)

  test('halves the batch until the one to blame stands alone, refused five times, and is set aside', async () => {
    const { device: one, sent } = await device([refuses('job-300')], 500)
    for (let times = 1; times < 5; times++) {
      expect(await one.sender.flush()).toMatchObject({ stopped: 'refused' })
      expect(one.sender.status()).toMatchObject({ state: 'refused', unsent: 201 })
    }
    expect(await one.sender.flush()).toEqual({ sent: 200, rejected: 1, remaining: 0 })
    expect(sent.filter((numbers) => numbers === '300')).toHaveLength(5)
    expect(sent.slice(-2)).toEqual(['300..300', '301 to 500'])
    expect(sent.length).toBeLessThan(30)
    expect(one.state().jobs.get('job-300')?.ack).toBe('rejected')
    expect(listRejects(one.state(), owner)).toMatchObject([{ id: 'job-300', code: `http-${code}` }])
    expect(one.notices.find((notice) => notice.type === 'ack-rejected')).toMatchObject({
      id: 'job-300',
      sequence: 300,
      code: `http-${code}`,
    })
  })

  test('for what is lost settles nothing', async () => {
    const stubborn: Answering = (events, init) =>
      events.length === 1 && events[0]?.type === 'holdfast.acks.lost'
        ? new Response(null, { status: code })
        : refuses('job-1')(events, init)
    const { device: one } = await device([stubborn], 1)
    for (let times = 0; times < 4; times++) await one.sender.flush()
    expect(await one.sender.flush()).toMatchObject({ rejected: 1, remaining: 0, stopped: 'refused' })
  })
})

test('a refused batch that is sent again in halves, and then goes through, is sent whole afterwards', async () => {
  const { device: one, sent } = await device([status(413), yes], 8)
  await one.sender.flush()
  await one.finish(...jobs(8, 'more'))
  await one.sender.flush()
  expect(sent).toEqual(['1 to 8', '1 2 3 4', '5 6 7 8', '9 to 16'])
})

describe('a 401', () => {
  test('asks for the headers again, once, and goes on with the new ones', async () => {
    let token = 0
    const headers = () => ({ Authorization: `Bearer ${++token}` })
    const { device: one, headers: seen } = await device([status(401), yes], 2, { headers })
    expect(await one.sender.flush()).toMatchObject({ sent: 2, remaining: 0 })
    expect(seen.map((each) => each.get('authorization'))).toEqual(['Bearer 1', 'Bearer 2'])
  })

  test('asks again at each expiry, not only at the first', async () => {
    let token = 0
    const headers = () => ({ Authorization: `Bearer ${++token}` })
    const { device: one, sent } = await device([status(401), yes, status(401), yes], 2, { headers })
    await one.sender.flush()
    await one.finish('job-3')
    expect(await one.sender.flush()).toMatchObject({ sent: 1, remaining: 0 })
    expect(sent).toHaveLength(4)
  })

  test('to new headers, too, holds everything until resume', async () => {
    const { device: one, sent } = await device([status(401), status(401), yes], 2, { headers: () => ({}) })
    one.sender.start()
    await settle()
    expect(sent).toHaveLength(2)
    expect(one.sender.status()).toMatchObject({ state: 'unauthorized', unsent: 2 })
    expect(one.told).toMatchObject([{ type: 'warning' }])
    one.sender.wake()
    await one.finish('job-3')
    one.clock.advance(3_600_000)
    expect(await one.sender.flush()).toMatchObject({ sent: 0, remaining: 3, stopped: 'unauthorized' })
    expect(sent).toHaveLength(2)
    one.sender.resume()
    await settle()
    expect(one.sender.status()).toEqual({ state: 'idle', unsent: 0 })
  })

  test('is asked nothing again when the headers cannot change', async () => {
    const { device: one, sent } = await device([status(401)], 2, { headers: { Authorization: 'x' } })
    expect(await one.sender.flush()).toMatchObject({ stopped: 'unauthorized' })
    expect(sent).toHaveLength(1)
  })
})

describe.each([429, 503])('a %i', (code) => {
  test('with Retry-After is waited out, whatever wakes the sender', async () => {
    const { device: one, sent } = await device([status(code, { 'retry-after': '600' }), yes])
    one.sender.start()
    await settle()
    expect(one.sender.status()).toMatchObject({ state: 'waiting', nextAt: one.clock.now() + 600_000 })
    one.clock.advance(599_000)
    one.sender.wake()
    expect(await one.sender.flush()).toMatchObject({ stopped: 'waiting', remaining: 2 })
    expect(sent).toHaveLength(1)
    one.clock.advance(1_000)
    await settle()
    expect(one.unsent()).toBe(0)
    expect(one.told).toEqual([])
  })

  test('without it is waited out by backoff, from 1 s to 5 min with full jitter, which wake cuts short', async () => {
    const { device: one, sent } = await device([status(code)], 2, { random: () => 0.999_999 })
    one.sender.start()
    await settle()
    const waits: number[] = []
    for (let times = 0; times < 12; times++) {
      waits.push((one.sender.status().nextAt ?? 0) - one.clock.now())
      one.clock.advance(waits.at(-1) ?? 0)
      await settle()
    }
    expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000])
    expect(waits.at(-1)).toBe(300_000)
    const before = sent.length
    one.sender.wake()
    await settle()
    expect(sent).toHaveLength(before + 1)
  })

  test('is forgotten with the next answer that settles: the backoff begins anew', async () => {
    const { device: one } = await device([status(code), status(code), yes, status(code)], 2, {
      random: () => 0.999_999,
    })
    one.sender.start()
    await settle()
    one.clock.advance(1_000)
    await settle()
    one.clock.advance(2_000)
    await settle()
    expect(one.unsent()).toBe(0)
    await one.finish('job-3')
    one.clock.advance(200)
    await settle()
    expect(one.sender.status().nextAt).toBe(one.clock.now() + 1_000)
  })

  test('with a Retry-After of 0 is waited out by backoff, too', async () => {
    const { device: one, sent } = await device([status(code, { 'retry-after': '0' })])
    one.sender.start()
    await settle()
    expect(sent).toHaveLength(1)
    expect(one.sender.status().nextAt).toBe(one.clock.now() + 500)
  })
})

describe('anything else settles nothing and is waited out', () => {
  test.each([204, 301, 307, 403, 404, 500, 502, 504])('a %i', async (code) => {
    const { device: one, sent } = await device([status(code), yes])
    one.sender.start()
    await settle()
    expect(one.sender.status()).toMatchObject({ state: 'refused', unsent: 2, nextAt: one.clock.now() + 500 })
    one.clock.advance(500)
    await settle()
    expect(sent).toHaveLength(2)
    expect(one.sender.status()).toEqual({ state: 'idle', unsent: 0 })
  })

  test('a redirect is not followed', async () => {
    let redirect: RequestInit['redirect']
    const { device: one } = await device([
      (_, init) => {
        redirect = init.redirect
        return Response.error()
      },
    ])
    expect(await one.sender.flush()).toMatchObject({ stopped: 'refused' })
    expect(redirect).toBe('manual')
  })

  test('no answer within 30 s, even from a fetch that heeds no signal', async () => {
    const { device: one, sent } = await device([() => new Promise(() => undefined), yes])
    one.sender.start()
    await settle()
    expect(one.sender.status().state).toBe('sending')
    one.clock.advance(30_000)
    await settle()
    expect(one.sender.status()).toMatchObject({ state: 'refused', lastError: { code: 'timeout' } })
    one.clock.advance(1_000)
    await settle()
    expect([sent.length, one.unsent()]).toEqual([2, 0])
  })

  test('headers that are never had', async () => {
    const { device: one, sent } = await device([yes], 1, { headers: () => new Promise(() => undefined) })
    one.sender.start()
    await settle()
    one.clock.advance(30_000)
    await settle()
    expect(sent).toHaveLength(0)
    expect(one.sender.status()).toMatchObject({ state: 'refused', lastError: { code: 'timeout' } })
  })

  test('headers that are had after the sender was stopped send nothing', async () => {
    let give = (_: HeadersInit): void => undefined
    const headers = () =>
      new Promise<HeadersInit>((resolve) => {
        give = resolve
      })
    const { device: one, sent } = await device([yes], 1, { headers })
    one.sender.start()
    await settle()
    await one.sender.stop()
    give({})
    await settle()
    expect(sent).toHaveLength(0)
  })

  test('what headers or fetch throw: the error is kept, and told', async () => {
    const error = new Error('No token')
    const headers = () => {
      throw error
    }
    for (const options of [{ headers }, { fetch: () => Promise.reject(error) }]) {
      const { device: one } = await device([yes], 1, options)
      expect(await one.sender.flush()).toMatchObject({ stopped: 'refused', remaining: 1 })
      expect(one.sender.status().lastError).toBe(error)
      expect(one.told).toMatchObject([{ type: 'warning', cause: error }])
    }
  })
})

test('static headers that are none are refused at once', async () => {
  await expect(context({ headers: { 'not a name': 'x' } })).rejects.toThrow(TypeError)
})

test('the user’s headers go along, and do not replace those of the wire', async () => {
  const headers = { 'X-App': 'photos', 'Content-Type': 'text/plain' }
  const { device: one, headers: seen } = await device([yes], 1, { headers })
  await one.sender.flush()
  expect(seen[0]?.get('x-app')).toBe('photos')
  expect(seen[0]?.get('content-type')).toBe('application/cloudevents-batch+json')
  expect(seen[0]?.get('holdfast-log')).toBe(one.state().log)
})

test('a receiver with a small body limit gets everything, in smaller requests', async () => {
  const { fetch, effects, requests } = server(undefined, 4_096)
  const { sender, finish } = await context({ fetch })
  await finish(...jobs(64))
  expect(await sender.flush()).toMatchObject({ sent: 64, remaining: 0 })
  expect(effects).toHaveLength(64)
  expect(requests.length).toBeLessThan(20)
})
