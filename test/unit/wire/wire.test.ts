import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Answer,
  ackEvent,
  completedType,
  deadType,
  encodeBatch,
  ackId,
  isSequence,
  lostEvent,
  lostIdOf,
  lostType,
  parseAnswer,
  sourceOf,
} from '../../../src/sync/wire.ts'

const now = Date.UTC(2026, 7, 9, 12, 0, 0)
const facts = { kind: 'upload', key: null, attempt: 2, finish: 1, enqueuedAt: now - 5_000, finishedAt: now }

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return parseAnswer(status, new Headers(headers), text, () => now)
}

describe('an event', () => {
  test('is a CloudEvent of a completed job', () => {
    const source = sourceOf('photos', 'outbox-1')
    expect(
      ackEvent(source, 7, { type: completedType, job: 'job-1', data: { ...facts, result: { etag: 'x' } } }),
    ).toEqual({
      specversion: '1.0',
      id: '7-job-1',
      source: '/holdfast/photos/outbox-1',
      type: 'holdfast.job.completed',
      subject: 'job-1',
      time: '2026-08-09T12:00:00.000Z',
      sequence: '0000000000000007',
      datacontenttype: 'application/json',
      data: { ...facts, result: { etag: 'x' } },
    })
  })

  test('is a CloudEvent of a dead job, with why it died', () => {
    const error = { reason: 'errors', name: 'HttpError', message: 'Request failed', status: 500 }
    const event = ackEvent('/holdfast/q/o', 1, { type: deadType, job: 'j', data: { ...facts, error } })
    expect(event).toMatchObject({ type: 'holdfast.job.dead', subject: 'j', data: { error } })
  })

  test('of lost numbers stands at the last of them', () => {
    expect(lostEvent('/holdfast/q/o', 3, 9, now)).toEqual({
      specversion: '1.0',
      id: lostIdOf(9),
      source: '/holdfast/q/o',
      type: lostType,
      time: '2026-08-09T12:00:00.000Z',
      sequence: '0000000000000009',
      data: { from: 3, to: 9 },
    })
  })

  test('can be made under any clock', () => {
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1e300]) {
      expect(lostEvent('/holdfast/q/o', 1, 1, at).time).toBe('1970-01-01T00:00:00.000Z')
    }
  })

  test('has a sequence that sorts as its number does', () => {
    const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [first, second] = [a, b].map((n) => lostEvent('/holdfast/q/o', n, n, now).sequence)
        expect(String(first) < String(second)).toBe(a < b)
      }),
    )
  })
})

describe('a source', () => {
  test('names the queue and the outbox, whatever is in their names', () => {
    expect(sourceOf('my photos/é?#', 'o/1')).toBe('/holdfast/my%20photos%2F%C3%A9%3F%23/o%2F1')
  })

  test('can be made of a name that is not well-formed', () => {
    expect(sourceOf('a\ud800', 'o')).toBe('/holdfast/a%EF%BF%BD/o')
  })
})

describe('a batch', () => {
  test('is a JSON array of its events, in order', () => {
    const events = [lostEvent('/holdfast/q/o', 1, 4, now), lostEvent('/holdfast/q/o', 5, 5, now)]
    expect(JSON.parse(encodeBatch(events))).toEqual(events)
  })
})

describe('a sequence', () => {
  test('is a whole number from 1 with room for a next', () => {
    expect([1, 2, Number.MAX_SAFE_INTEGER - 1].every(isSequence)).toBe(true)
    const others = [
      0,
      -1,
      1.5,
      Number.MAX_SAFE_INTEGER,
      2 ** 53,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '1',
      null,
    ]
    expect(others.some(isSequence)).toBe(false)
  })
})

describe('an answer', () => {
  const settled = {
    acknowledged: 9,
    id: ackId(9, 'j'),
    rejected: [{ sequence: 3, code: 'no', message: 'No' }],
  }

  test('of 200 in the right shape settles', () => {
    expect(answer(200, { ...settled, more: true })).toEqual({ type: 'settled', ...settled })
    expect(answer(200, { acknowledged: 1, id: '1-j', rejected: [] })).toMatchObject({ type: 'settled' })
  })

  test.each([
    ['a captive portal', '<!doctype html><title>Welcome to the airport</title>'],
    ['nothing', ''],
    ['other JSON', { ok: true }],
    ['null', 'null'],
    ['a list', [settled]],
    ['no id', { ...settled, id: undefined }],
    ['an id that is no string', { ...settled, id: 9 }],
    ['a number in a string', { ...settled, acknowledged: '9' }],
    ['a number that is not whole', { ...settled, acknowledged: 9.5 }],
    ['number 0', { ...settled, acknowledged: 0 }],
    ['a number past the safe ones', `{"acknowledged":9007199254740993,"id":"x","rejected":[]}`],
    ['a number past all', `{"acknowledged":1e400,"id":"x","rejected":[]}`],
    ['no list of rejections', { acknowledged: 9, id: '9-j' }],
    [
      'a rejection of what is not settled',
      { ...settled, rejected: [{ sequence: 10, code: '', message: '' }] },
    ],
    ['a rejection without a code', { ...settled, rejected: [{ sequence: 1, message: '' }] }],
    ['a rejection without a message', { ...settled, rejected: [{ sequence: 1, code: '' }] }],
    ['a rejection that is null', { ...settled, rejected: [null] }],
    ['a fork', { fork: true }],
    ['an expectation', { expected: 3 }],
  ])('of 200 with %s settles nothing', (_, body) => {
    expect(answer(200, body)).toEqual({ type: 'refused', status: 200 })
  })

  test('of 409 says which number is expected, or that there is a fork', () => {
    expect(answer(409, { expected: 4 })).toEqual({ type: 'expected', expected: 4 })
    expect(answer(409, { fork: true })).toEqual({ type: 'fork' })
    expect(answer(409, { fork: true, expected: 4 })).toEqual({ type: 'fork' })
  })

  test.each([
    ['<html>'],
    [{ expected: 0 }],
    [{ expected: '4' }],
    [{ fork: 'true' }],
    [{}],
    ['null'],
    [settled],
  ])('of 409 with %j settles nothing', (body) => {
    expect(answer(409, body)).toEqual({ type: 'refused', status: 409 })
  })

  test('of 400, 413 and 422 asks for less at once', () => {
    for (const status of [400, 413, 422]) expect(answer(status, '')).toEqual({ type: 'halve', status })
  })

  test('of 401 asks to sign in', () => {
    expect(answer(401, '')).toEqual({ type: 'unauthorized' })
  })

  test('of 429 and 503 asks to wait, as long as it says', () => {
    for (const status of [429, 503]) {
      expect(answer(status, '')).toEqual({ type: 'wait', status })
      expect(answer(status, '', { 'retry-after': '3' })).toEqual({ type: 'wait', status, afterMs: 3_000 })
      const headers = { 'retry-after': 'Sun, 09 Aug 2026 12:00:30 GMT' }
      expect(answer(status, '', headers)).toEqual({ type: 'wait', status, afterMs: 30_000 })
      expect(answer(status, '', { 'retry-after': 'soon' })).toEqual({ type: 'wait', status })
    }
  })

  test('of any other status settles nothing, whatever it says', () => {
    const known = [200, 400, 401, 409, 413, 422, 429, 503]
    for (const status of [0, ...Array.from({ length: 500 }, (_, index) => index + 100)]) {
      if (known.includes(status)) continue
      expect(answer(status, settled), String(status)).toEqual({ type: 'refused', status })
    }
  })

  test('is always one of these, whatever comes', () => {
    fc.assert(
      fc.property(fc.constantFrom(200, 409), fc.oneof(fc.string(), fc.json()), (status, body) => {
        expect(answer(status, body)).toEqual({ type: 'refused', status })
      }),
    )
  })
})
