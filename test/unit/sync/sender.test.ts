import { describe, expect, test } from 'vitest'
import { listRejects } from '../../../src/machine/outbox.ts'
import { memoryStore } from '../../../src/store/memory.ts'
import { until } from './clock.ts'
import { context, jobs, owner, server } from './device.ts'

describe('a flush', () => {
  test('tells the server of everything that finished, once and in order', async () => {
    const { fetch, effects, requests } = server()
    const { sender, finish, notices, unsent } = await context({ fetch })
    await finish('job-1', { id: 'job-2', dead: 'fatal' }, 'job-3')
    expect(await sender.flush()).toEqual({ sent: 3, rejected: 0, remaining: 0 })
    expect(effects).toEqual(['job-1/1', 'job-2/1', 'job-3/1'])
    expect(requests).toHaveLength(1)
    expect(unsent()).toBe(0)
    expect(notices).toEqual([
      { type: 'acked', id: 'job-1', sequence: 1 },
      { type: 'acked', id: 'job-2', sequence: 2 },
      { type: 'acked', id: 'job-3', sequence: 3 },
    ])
  })

  test('with nothing to tell sends nothing and writes nothing', async () => {
    const { fetch, requests } = server()
    const { sender, state } = await context({ fetch })
    expect(await sender.flush()).toEqual({ sent: 0, rejected: 0, remaining: 0 })
    expect(requests).toHaveLength(0)
    expect(state().seq).toBe(0)
  })

  test('of 10 000 acknowledgements takes at most 25 requests', async () => {
    const { fetch, effects, requests } = server()
    const { sender, finish } = await context({ fetch })
    const result = JSON.stringify({ etag: 'W/"0123456789abcdef0123456789abcdef"' })
    const ids = jobs(10_000, 'V1StGXR8_Z5jdHi6B')
    await finish(...ids.map((id) => ({ id, result })))
    expect(await sender.flush()).toEqual({ sent: 10_000, rejected: 0, remaining: 0 })
    expect(requests.length).toBeLessThanOrEqual(25)
    expect(effects).toEqual(ids.map((id) => `${id}/1`))
  }, 60_000)

  test('keeps each request under 256 KiB', async () => {
    const { fetch, effects, requests } = server()
    const { sender, finish } = await context({ fetch })
    const large = JSON.stringify('ä'.repeat(16_000))
    await finish(...jobs(20).map((id) => ({ id, result: large })), 'small')
    await sender.flush()
    const sizes = await Promise.all(requests.map(async (request) => (await request.arrayBuffer()).byteLength))
    expect(sizes.filter((size) => size > 262_144)).toEqual([])
    expect(sizes.length).toBeLessThanOrEqual(4)
    expect(effects).toHaveLength(21)
  })

  test('sends an acknowledgement that is larger alone, whatever a server makes of it', async () => {
    const { fetch, effects, requests, faults } = server()
    const { sender, finish } = await context({ fetch })
    await finish('job-1', { id: 'huge', result: JSON.stringify('x'.repeat(300_000)) }, 'job-3')
    const accept = async (request: Request): Promise<Response> => {
      const [event] = await request.json()
      return Response.json({ acknowledged: Number(event.sequence), id: event.id, rejected: [] })
    }
    faults.push((_request, next) => next(), accept, accept)
    expect(await sender.flush()).toEqual({ sent: 3, rejected: 0, remaining: 0 })
    const bodies = await Promise.all(requests.map((request) => request.json()))
    expect(bodies.map((events) => events.map(({ subject }: { subject: string }) => subject))).toEqual([
      ['job-1'],
      ['huge'],
      ['job-3'],
    ])
    expect(effects).toEqual(['job-1/1'])
  })

  test('lists what the server rejected, and marks the jobs', async () => {
    const { fetch, rejects } = server()
    const { sender, finish, state, notices } = await context({ fetch })
    rejects.add('job-2')
    await finish('job-1', 'job-2', 'job-3')
    expect(await sender.flush()).toEqual({ sent: 2, rejected: 1, remaining: 0 })
    const message = 'Nothing is known of job-2'
    expect(listRejects(state(), owner)).toMatchObject([{ id: 'job-2', code: 'unknown-job', message }])
    expect(['job-1', 'job-2', 'job-3'].map((id) => state().jobs.get(id)?.ack)).toEqual([
      'acked',
      'rejected',
      'acked',
    ])
    expect(notices[1]).toEqual({
      type: 'ack-rejected',
      id: 'job-2',
      sequence: 2,
      code: 'unknown-job',
      message,
    })
  })

  test('goes on with what finishes while it is under way', async () => {
    const { fetch, effects, faults } = server()
    const device = await context({ fetch })
    faults.push(async (_, answer) => {
      await device.finish('job-2')
      return answer()
    })
    await device.finish('job-1')
    expect(await device.sender.flush()).toMatchObject({ sent: 2, remaining: 0 })
    expect(effects).toEqual(['job-1/1', 'job-2/1'])
  })

  test('called twice at once makes no second request', async () => {
    const { fetch, requests } = server()
    const { sender, finish } = await context({ fetch })
    await finish('job-1')
    const [first, second] = await Promise.all([sender.flush(), sender.flush()])
    expect(requests).toHaveLength(1)
    expect([first.remaining, second.remaining]).toEqual([0, 0])
  })

  test('hears of what another context finished, without having been hinted at it', async () => {
    const store = memoryStore()
    const { fetch, effects } = server()
    const page = await context({ store, name: 'page' })
    const worker = await context({ store, name: 'worker', fetch })
    worker.replica.eager = false
    await page.finish('job-1')
    await worker.sender.flush()
    expect(effects).toEqual(['job-1/1'])
  })

  test('aborted by its signal rejects with the reason, aborts the request, and gives the outbox back', async () => {
    const { fetch, faults } = server()
    const { sender, finish, state, unsent, clock } = await context({ fetch })
    const abort = new AbortController()
    let reason: unknown
    faults.push(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
          signal.addEventListener('abort', () => {
            reason = signal.reason
          })
          abort.abort(new Error('The deadline is here'))
        }),
    )
    await finish('job-1')
    await expect(sender.flush({ signal: abort.signal })).rejects.toThrow('The deadline is here')
    await until(() => reason !== undefined && state().outboxes.get(owner)?.sender === undefined)
    expect(unsent()).toBe(1)
    expect(clock.timers).toBe(0)
    expect(await sender.flush()).toMatchObject({ sent: 1 })
  })

  test('after the replica was closed rejects as closed', async () => {
    const { replica, sender } = await context()
    await replica.close()
    await expect(sender.flush()).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('what is lost on the way', () => {
  test('a lost response: the same is sent again, and the server has each exactly once', async () => {
    const { fetch, effects, faults, requests } = server()
    const { sender, finish, unsent } = await context({ fetch })
    faults.push(async (_, answer) => {
      await answer()
      throw new TypeError('Failed to fetch')
    })
    await finish('job-1', 'job-2')
    expect(await sender.flush()).toEqual({ sent: 0, rejected: 0, remaining: 2, stopped: 'refused' })
    await finish('job-3')
    expect(await sender.flush()).toEqual({ sent: 3, rejected: 0, remaining: 0 })
    expect(effects).toEqual(['job-1/1', 'job-2/1', 'job-3/1'])
    expect(requests).toHaveLength(2)
    expect(unsent()).toBe(0)
  })

  test('a lost response that rejected one: the rejection is told again', async () => {
    const { fetch, faults, rejects } = server()
    const { sender, finish } = await context({ fetch })
    rejects.add('job-1')
    faults.push(async (_, answer) => {
      await answer()
      throw new TypeError('Failed to fetch')
    })
    await finish('job-1', 'job-2')
    await sender.flush()
    expect(await sender.flush()).toEqual({ sent: 1, rejected: 1, remaining: 0 })
  })

  test('a server that was emptied: it is told what is lost, and goes on', async () => {
    const before = server()
    const after = server()
    let current = before
    const { sender, finish, unsent } = await context({ fetch: (to, init) => current.fetch(to, init) })
    await finish('job-1', 'job-2')
    await sender.flush()
    current = after
    await finish('job-3')
    expect(await sender.flush()).toEqual({ sent: 1, rejected: 0, remaining: 0 })
    await finish('job-4')
    await sender.flush()
    expect(after.effects).toEqual(['job-3/1', 'job-4/1'])
    expect(unsent()).toBe(0)
  })

  test('a log that was evicted: the server knew another, and the device is told', async () => {
    const { fetch, requests } = server()
    const { told, sender, finish, state } = await context({
      async fetch(to, init) {
        const [cookie = ''] = ((await fetch(to, init)).headers.get('set-cookie') ?? '').split('=')
        const headers = new Headers(init.headers)
        headers.set('cookie', `${cookie}=the-old-log`)
        return fetch(to, { ...init, headers })
      },
    })
    await finish('job-1')
    await sender.flush()
    expect(requests[0]?.headers.get('holdfast-log')).toBe(state().log)
    expect(told).toEqual([{ type: 'store', state: 'lost', log: 'the-old-log' }])
  })

  test('an acknowledgement that the server failed at: it is sent again, those before it take effect once', async () => {
    const { fetch, effects, failures } = server()
    const { sender, finish } = await context({ fetch })
    failures.add('job-2')
    await finish('job-1', 'job-2')
    expect(await sender.flush()).toMatchObject({ sent: 0, remaining: 2, stopped: 'waiting' })
    expect(effects).toEqual(['job-1/1'])
    expect(await sender.flush()).toMatchObject({ sent: 2, remaining: 0 })
    expect(effects).toEqual(['job-1/1', 'job-2/1'])
  })
})

describe('a cloned profile', () => {
  test('forks, and both ends have everything', async () => {
    const { fetch, effects } = server()
    const original = await context({ fetch, name: 'a', outbox: 'shared' })
    const clone = await context({ fetch, name: 'b', outbox: 'shared' })
    await original.finish('job-1')
    await clone.finish('job-1')
    await original.sender.flush()
    await clone.sender.flush()
    await original.finish('a-2', 'a-3')
    await clone.finish('b-2', 'b-3', 'b-4')
    expect(await original.sender.flush()).toMatchObject({ sent: 2, remaining: 0 })
    expect(await clone.sender.flush()).toMatchObject({ sent: 3, remaining: 0 })
    expect(effects).toEqual(['job-1/1', 'a-2/1', 'a-3/1', 'b-2/1', 'b-3/1', 'b-4/1'])
    expect(original.state().outboxes.get(owner)?.id).toBe('shared')
    const forked = clone.state().outboxes.get(owner)
    expect(forked).toMatchObject({ last: 3, acked: 3, ackedId: '3-b-4' })
    expect(forked?.id).not.toBe('shared')
  })

  test('is noticed in a 200, too, when the server is already further', async () => {
    const { fetch, effects } = server()
    const original = await context({ fetch, name: 'a', outbox: 'shared' })
    const clone = await context({ fetch, name: 'b', outbox: 'shared' })
    await original.finish('a-1', 'a-2', 'a-3')
    await clone.finish('b-1')
    await original.sender.flush()
    expect(await clone.sender.flush()).toMatchObject({ sent: 1, remaining: 0 })
    expect(effects).toEqual(['a-1/1', 'a-2/1', 'a-3/1', 'b-1/1'])
  })
})
