import { type Ack, createReceiver, memoryAcks, type ReceiverOptions, RejectAck } from 'holdfast/receiver'
import { describe, expect, test } from 'vitest'
import { sourceOf } from '../../../src/sync/wire.ts'
import { authenticate, completed, dead, lost, post, range, source } from './device.ts'

type Options = Partial<ReceiverOptions<undefined>>

function receiver(options: Options = {}) {
  const acks: Ack[] = []
  const errors: unknown[][] = []
  const receive = createReceiver({
    store: memoryAcks(),
    authenticate,
    onAck: (ack) => void acks.push(ack),
    onError: (error, ack) => void errors.push([error, ack?.sequence]),
    ...options,
  })
  const send = async (...sent: Parameters<typeof post>): Promise<{ status: number; body: unknown }> => {
    const response = await receive(post(...sent))
    return { status: response.status, body: await response.json() }
  }
  return { receive, send, acks, errors, numbers: () => acks.map(({ sequence }) => sequence) }
}

const settled = (
  acknowledged: number,
  id = `${acknowledged}-job-${acknowledged}`,
  rejected: unknown[] = [],
) => ({
  status: 200,
  body: { acknowledged, id, rejected },
})

describe('a batch', () => {
  test('is settled, and each acknowledgement handed over in order', async () => {
    const { send, acks } = receiver()
    expect(await send([completed(1), dead(2)])).toEqual(settled(2))
    const facts = { kind: 'upload', key: null, attempt: 1, finish: 1 }
    expect(acks).toMatchObject([
      {
        principal: 'ada',
        source,
        queue: 'photos',
        sequence: 1,
        id: '1-job-1',
        type: 'completed',
        subject: 'job-1',
        time: '2026-08-09T12:00:00.000Z',
        data: { ...facts, result: { n: 1 } },
      },
      { sequence: 2, type: 'dead', data: { ...facts, error: { reason: 'errors', status: 500 } } },
    ])
  })

  test('continues the one before', async () => {
    const { send, numbers } = receiver()
    await send(range(1, 3))
    expect(await send(range(4, 5), { headers: { 'holdfast-previous': '3-job-3' } })).toEqual(settled(5))
    expect(numbers()).toEqual([1, 2, 3, 4, 5])
  })

  test('sent again is a success that changes nothing', async () => {
    const { send, numbers } = receiver()
    await send(range(1, 3))
    expect(await send(range(1, 3))).toEqual(settled(3))
    expect(await send(range(2, 2))).toEqual(settled(3))
    expect(numbers()).toEqual([1, 2, 3])
  })

  test('known in part takes effect for the rest', async () => {
    const { send, numbers } = receiver()
    await send(range(1, 3))
    expect(await send(range(2, 5))).toEqual(settled(5))
    expect(numbers()).toEqual([1, 2, 3, 4, 5])
  })

  test('that leaves a gap is told which number is expected', async () => {
    const { send, numbers } = receiver()
    expect(await send(range(2, 3))).toEqual({ status: 409, body: { expected: 1 } })
    await send(range(1, 3))
    expect(await send(range(5, 6))).toEqual({ status: 409, body: { expected: 4 } })
    expect(numbers()).toEqual([1, 2, 3])
  })

  test('of another device has a mark of its own', async () => {
    const { send } = receiver()
    await send(range(1, 3))
    expect(await send([completed(1, 'job-1', sourceOf('photos', 'outbox-2'))])).toEqual(settled(1))
  })

  test('names its queue as the application does', async () => {
    const { send, acks } = receiver()
    await send([completed(1, 'job', sourceOf('my photos/é', 'o'))])
    expect(acks[0]?.queue).toBe('my photos/é')
  })

  test('sent many times at once takes effect once', async () => {
    const { send, numbers } = receiver({})
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(range(1, 20))))
    expect(answers).toEqual(answers.map(() => settled(20)))
    expect(numbers()).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  })
})

describe('lost numbers', () => {
  test('move the mark over the gap', async () => {
    const { send, numbers } = receiver()
    await send(range(1, 3))
    expect(await send([lost(4, 9), completed(10)])).toEqual(settled(10))
    expect(await send([lost(11, 12)])).toEqual(settled(12, '12-lost'))
    expect(await send(range(13, 13), { headers: { 'holdfast-previous': '12-lost' } })).toEqual(settled(13))
    expect(numbers()).toEqual([1, 2, 3, 10, 13])
  })

  test('may reach back over what is known', async () => {
    const { send } = receiver()
    await send(range(1, 3))
    expect(await send([lost(1, 5)])).toEqual(settled(5, '5-lost'))
  })

  test('that are known after all are no contradiction', async () => {
    const { send } = receiver()
    await send(range(1, 3))
    expect(await send([lost(3, 3), completed(4)])).toEqual(settled(4))
  })

  test('do not move the mark over what was never lost', async () => {
    const { send } = receiver()
    await send(range(1, 3))
    expect(await send([lost(5, 9)])).toEqual({ status: 409, body: { expected: 4 } })
  })
})

describe('a fork', () => {
  test('is seen in another id at the mark, and changes nothing', async () => {
    const { send, numbers } = receiver()
    await send(range(1, 3))
    const fork = { status: 409, body: { fork: true } }
    expect(await send([completed(3, 'stranger'), completed(4)])).toEqual(fork)
    expect(await send([completed(2), completed(3, 'stranger'), completed(4)])).toEqual(fork)
    expect(await send(range(4, 4))).toEqual(settled(4))
    expect(numbers()).toEqual([1, 2, 3, 4])
  })

  test('is seen in the id before the batch', async () => {
    const { send, numbers } = receiver()
    await send(range(1, 3))
    const headers = { 'holdfast-previous': '3-stranger' }
    expect(await send(range(4, 5), { headers })).toEqual({ status: 409, body: { fork: true } })
    expect(numbers()).toEqual([1, 2, 3])
  })

  test('below the mark shows in the id of the answer', async () => {
    const { send } = receiver()
    await send(range(1, 9))
    expect(await send([completed(4, 'stranger')])).toEqual(settled(9))
  })
})

describe('a rejection', () => {
  const rejecting: Options = {
    onAck({ sequence }) {
      if (sequence % 2 === 0) throw new RejectAck('even', `${sequence} is even`)
    },
  }
  const even = (sequence: number) => ({ sequence, code: 'even', message: `${sequence} is even` })

  test('is listed, and the mark moves past it', async () => {
    const { send } = receiver(rejecting)
    expect(await send(range(1, 4))).toEqual(settled(4, '4-job-4', [even(2), even(4)]))
    expect(await send(range(5, 5))).toEqual(settled(5))
  })

  test('is told again to a sender that missed the answer', async () => {
    const { send } = receiver(rejecting)
    await send(range(1, 4))
    expect(await send(range(1, 4))).toEqual(settled(4, '4-job-4', [even(2), even(4)]))
    expect(await send(range(3, 5))).toEqual(settled(5, '5-job-5', [even(4)]))
  })

  test('is told again also when it lies past the batch, since everything up to the mark counts as settled', async () => {
    const { send } = receiver(rejecting)
    await send(range(1, 4))
    expect(await send(range(1, 3))).toEqual(settled(4, '4-job-4', [even(2), even(4)]))
  })

  test('is kept until the sender has gone past it, and no longer', async () => {
    const { send } = receiver(rejecting)
    await send(range(1, 4))
    await send(range(4, 5))
    expect(await send(range(1, 5))).toEqual(settled(5, '5-job-5', [even(4)]))
  })

  test('is kept for the last 1 000 numbers rejected', async () => {
    const { send } = receiver({ ...rejecting, maxBatch: 5_000 })
    await send(range(1, 2_400))
    const { body } = await send(range(1, 1))
    expect(body).toMatchObject({ acknowledged: 2_400 })
    expect(Reflect.get(Object(body), 'rejected')).toEqual(
      Array.from({ length: 1_000 }, (_, n) => even(402 + 2 * n)),
    )
  })

  test('is bounded', async () => {
    const { send } = receiver({
      onAck: () => {
        throw new RejectAck('c'.repeat(1_000), '\ud83d\0'.repeat(1_000))
      },
    })
    const rejected = [{ sequence: 1, code: 'c'.repeat(64), message: '\ufffd'.repeat(500) }]
    expect(await send(range(1, 1))).toEqual(settled(1, '1-job-1', rejected))
  })
})

describe('a failing onAck', () => {
  test('settles what came before, is told of, and answered 503 without its message', async () => {
    let broken = true
    const failure = new Error('secret')
    const seen: number[] = []
    const { send, errors } = receiver({
      async onAck({ sequence }) {
        if (sequence === 3 && broken) throw failure
        seen.push(sequence)
      },
    })
    const answer = await send(range(1, 5))
    expect(answer).toMatchObject({ status: 503, body: { code: 'not-settled' } })
    expect(JSON.stringify(answer)).not.toContain('secret')
    expect(errors).toEqual([[failure, 3]])
    expect(await send(range(4, 5))).toEqual({ status: 409, body: { expected: 3 } })
    broken = false
    expect(await send(range(1, 5))).toEqual(settled(5))
    expect(seen).toEqual([1, 2, 3, 4, 5])
  })

  test('keeps the rejections that came before it', async () => {
    let broken = true
    const { send } = receiver({
      onAck({ sequence }) {
        if (sequence === 1) throw new RejectAck('no', 'No')
        if (broken) throw new Error('not now')
      },
    })
    expect((await send(range(1, 2))).status).toBe(503)
    broken = false
    expect(await send(range(1, 2))).toEqual(
      settled(2, '2-job-2', [{ sequence: 1, code: 'no', message: 'No' }]),
    )
  })

  test('that fails at once binds the source to nobody', async () => {
    const { send } = receiver({
      onAck({ principal }) {
        if (principal === 'eve') throw new Error('not you')
      },
    })
    expect((await send(range(1, 1), { who: 'eve' })).status).toBe(503)
    expect(await send(range(1, 1))).toEqual(settled(1))
  })
})

describe('authentication', () => {
  test('answers 401 to nobody, before the body is read', async () => {
    let pulled = false
    const body = new ReadableStream(
      {
        pull(controller) {
          pulled = true
          controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    for (const nobody of [null, undefined, '']) {
      const { receive } = receiver({ authenticate: () => nobody })
      const init = { method: 'POST', body, duplex: 'half' }
      const response = await receive(new Request('http://localhost/acks', init))
      expect([response.status, await response.json()]).toEqual([
        401,
        expect.objectContaining({ code: 'unauthorized' }),
      ])
    }
    expect(pulled).toBe(false)
  })

  test('may be asynchronous', async () => {
    const { send, acks } = receiver({ authenticate: async () => 'ada' })
    expect(await send(range(1, 1))).toEqual(settled(1))
    expect(acks[0]?.principal).toBe('ada')
  })

  test('that fails is told of, and answered 503', async () => {
    const failure = new Error('the sessions are down')
    const { send, errors } = receiver({ authenticate: () => Promise.reject(failure) })
    expect((await send(range(1, 1))).status).toBe(503)
    expect(errors).toEqual([[failure, undefined]])
  })

  test('that reads the body, or returns something else, is misuse', async () => {
    const reading = receiver({ authenticate: (request) => request.text() })
    await expect(reading.send(range(1, 1))).rejects.toThrow('authenticate read the body')
    const other = receiver({ authenticate: () => Object(7) })
    await expect(other.send(range(1, 1))).rejects.toThrow('authenticate returned object')
  })

  test('binds a source to the first who used it', async () => {
    const { send, numbers } = receiver()
    await send(range(1, 1))
    const stolen = await send(range(2, 2), { who: 'eve' })
    expect(stolen).toMatchObject({ status: 403, body: { code: 'source-bound' } })
    expect((await send([completed(1, 'stranger')], { who: 'eve' })).status).toBe(403)
    expect(await send(range(2, 2))).toEqual(settled(2))
    expect(numbers()).toEqual([1, 2])
  })
})

describe('the probe and other methods', () => {
  test('HEAD is answered 204 to anybody, and never from a cache', async () => {
    const { receive } = receiver({ authenticate: () => null })
    const response = await receive(new Request('http://localhost/acks', { method: 'HEAD' }))
    expect([response.status, response.headers.get('cache-control')]).toEqual([204, 'no-store'])
  })

  test('OPTIONS says what is allowed, and leaves CORS to the host', async () => {
    const { receive } = receiver()
    const response = await receive(new Request('http://localhost/acks', { method: 'OPTIONS' }))
    expect([response.status, response.headers.get('allow')]).toEqual([204, 'POST, HEAD, OPTIONS'])
    expect(response.headers.has('access-control-allow-origin')).toBe(false)
  })

  test.each(['GET', 'PUT', 'DELETE', 'PATCH'])('%s is answered 405', async (method) => {
    const { receive } = receiver()
    const response = await receive(new Request('http://localhost/acks', { method }))
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, HEAD, OPTIONS'])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ status: 405, code: 'method-not-allowed' })
  })
})

describe('options', () => {
  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('a limit of %s is a RangeError', (limit) => {
    expect(() => receiver({ maxBodyBytes: limit })).toThrow(RangeError)
    expect(() => receiver({ maxBatch: limit })).toThrow(
      `maxBatch is ${limit}, expected a whole number from 1`,
    )
  })

  const take = (): undefined => undefined

  test.each([
    [undefined, 'store.settle is undefined, expected a function'],
    [{}, 'store.settle is undefined, expected a function'],
    [{ store: {} }, 'store.settle is undefined'],
    [{ store: memoryAcks() }, 'authenticate is undefined, expected a function'],
    [{ store: memoryAcks(), authenticate }, 'onAck is undefined, expected a function'],
    [{ store: memoryAcks(), authenticate, onAck: 'log' }, 'onAck is string, expected a function'],
    [{ store: memoryAcks(), authenticate, onAck: take, onError: 5 }, 'onError is number'],
    [{ store: memoryAcks(), authenticate, onAck: take, maxBodybytes: 5 }, 'maxBodybytes'],
  ])('%o are refused at once', (options, message) => {
    const create = () => createReceiver(options as ReceiverOptions<undefined>)
    expect(create).toThrow(TypeError)
    expect(create).toThrow(message)
  })

  test('a limit that only looks like a number is no number', () => {
    const maxBatch = '5' as unknown as number
    expect(() => receiver({ maxBatch })).toThrow('maxBatch is string, expected a whole number from 1')
  })
})
