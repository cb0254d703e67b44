import { describe, expect, test } from 'vitest'
import type { LogEvent } from '../../../src/machine/events.ts'
import { encodeNext } from '../../../src/sync/batch.ts'
import { finalBatch, maxFinalBytes } from '../../../src/sync/final.ts'
import { ackNotices } from '../../../src/sync/notices.ts'
import { wishesOf } from '../../../src/sync/options.ts'
import { settle } from './clock.ts'
import { context, jobs, owner, queue, server } from './device.ts'

const choice = { queue, owner, count: 500, bytes: 100_000, at: 0 }

describe('an acknowledgement on the wire', () => {
  test('of a completed job has its result, of a dead one its reason and its last error', async () => {
    const { finish, state } = await context()
    const error = { name: 'HttpError', message: 'Request failed', status: 422, charged: true }
    await finish(
      { id: 'job-1', result: '{"etag":null}', key: 'album' },
      { id: 'job-2' },
      { id: 'job-3', dead: 'fatal', error },
      { id: 'job-4', dead: 'expired' },
      { id: 'job-5', dead: 'errors', error: { ...error, status: Number.NaN } },
    )
    const batch = encodeNext(state(), choice)
    const data = JSON.parse(batch?.body ?? '').map((event: { data: unknown }) => event.data)
    const { name, message, status } = error
    expect(data).toMatchObject([
      { kind: 'upload', key: 'album', attempt: 1, finish: 1, result: { etag: null } },
      { key: null },
      { error: { reason: 'fatal', name, message, status } },
      { error: { reason: 'expired' } },
      { error: { reason: 'errors', name, message } },
    ])
    expect(data[1]).not.toHaveProperty('result')
    expect(data[4].error).not.toHaveProperty('status')
  })

  test('is never more than the bytes allowed for, brackets and commas included', async () => {
    const { finish, state } = await context()
    await finish(...jobs(50).map((id) => ({ id, result: '"é"' })))
    for (let bytes = 400; bytes < 3_000; bytes += 7) {
      const batch = encodeNext(state(), { ...choice, bytes })
      const size = new TextEncoder().encode(batch?.body).length
      expect(batch?.items.length === 1 || size <= bytes).toBe(true)
    }
  })
})

describe('the last request of a page', () => {
  test('has as many acknowledgements as 64 KiB hold, and the receiver knows them afterwards', async () => {
    const { fetch, effects } = server()
    const one = await context({ fetch, headers: { Authorization: 'x' } })
    await one.finish(...jobs(400))
    const last = one.sender.final()
    expect(last?.init).toMatchObject({ method: 'POST', keepalive: true })
    expect(String(last?.init.body).length).toBeLessThanOrEqual(maxFinalBytes)
    expect(new Headers(last?.init.headers).get('authorization')).toBe('x')
    await fetch(last?.url ?? '', last?.init ?? {})
    expect(effects.length).toBeGreaterThan(100)
    await one.sender.flush()
    expect(effects).toEqual(jobs(400).map((id) => `${id}/1`))
    expect(one.sender.final()).toBeUndefined()
  })

  test('is not made when the first acknowledgement alone is too large', async () => {
    const { finish, state } = await context()
    await finish({ id: 'job-1', result: JSON.stringify('x'.repeat(maxFinalBytes)) })
    expect(finalBatch(state(), queue, owner, 0)).toBeUndefined()
  })

  test('is not made as nobody: while headers were never had, or the server answered 401', async () => {
    const { sender, finish } = await context({
      headers: () => ({ Authorization: 'x' }),
      fetch: async () => new Response(null, { status: 401 }),
    })
    await finish('job-1')
    expect(sender.final()).toBeUndefined()
    await sender.flush()
    expect(sender.final()).toBeUndefined()
    sender.resume()
    expect(new Headers(sender.final()?.init.headers).get('authorization')).toBe('x')
    await settle()
  })
})

describe('notices', () => {
  test('tell of every ack that a fact settles, with job ids that have dashes', () => {
    const rejected = [{ sequence: 2, code: 'no', message: 'No' }]
    const events: LogEvent[] = [
      { type: 'acked', owner, sender: 's', through: 2, ids: ['1-a-b-', '2--'], rejected },
      { type: 'acked', owner, sender: 's' },
      { type: 'set-aside', owner, sequence: 3, id: 'c', code: 'http-400', message: 'M' },
      { type: 'sending', owner, sender: 's' },
    ]
    expect(events.flatMap(ackNotices)).toEqual([
      { type: 'acked', id: 'a-b-', sequence: 1 },
      { type: 'ack-rejected', id: '-', sequence: 2, code: 'no', message: 'No' },
      { type: 'ack-rejected', id: 'c', sequence: 3, code: 'http-400', message: 'M' },
    ])
  })
})

test('wishes follow `include`, and are none without a server', () => {
  expect(wishesOf(undefined, 'o')).toEqual({})
  expect(wishesOf({}, 'o')).toEqual({ completed: 'o', dead: 'o' })
  expect(wishesOf({ include: ['dead'] }, 'o')).toEqual({ dead: 'o' })
  expect(wishesOf({ include: [] }, 'o')).toEqual({})
})
