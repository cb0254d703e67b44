import { describe, expect, it } from 'vitest'
import { assertOk } from '../../../src/http/index.ts'
import { createQueue, defineTasks, type JobContext, task } from '../../../src/index.ts'
import { bench, gate, passing, record, turns, untilLater } from './bench.ts'

const retry = { maxAttempts: 3, baseMs: 1_000, capMs: 8_000, backoff: 'exponential' } as const
const tasks = defineTasks({ upload: task<string, number>({ retry }), note: task<string, string>() })

/** A server whose answer the test sets, asked through the real `assertOk`. */
function server() {
  const state = {
    answer: (): Response | Promise<Response> => new Response('ok'),
    asked: [] as string[],
  }
  const upload = async (name: string, _: JobContext) => {
    state.asked.push(name)
    const response = await assertOk(Promise.resolve().then(() => state.answer()))
    return response.status
  }
  return { state, upload }
}

describe('a server that answers 503', () => {
  it('holds the kind: its opener is charged once, probes are not, and the first success resumes it', async () => {
    const { given, keep, clock } = bench()
    const { state, upload } = server()
    const handlers = { upload, note: (text: string) => text }
    const queue = keep(createQueue({ ...given(), tasks, handlers }))
    const heard = record(queue, 'held', 'resumed', 'dead', 'completed')
    state.answer = () => new Response('later', { status: 503 })
    await queue.start()
    const ids = (
      await queue.enqueueAll(
        ['a', 'b', 'c', 'd', 'e', 'f'].map((payload) => ({ kind: 'upload' as const, payload })),
      )
    ).map(({ id }) => id)
    await turns()
    const { id: note } = await queue.enqueue('note', 'hi')
    expect(await queue.result(note)).toBe('hi')
    const [hold] = (await queue.info()).holds
    expect(hold).toMatchObject({ kind: 'upload', cause: 'unavailable', tries: 0 })
    expect(await queue.why(String(ids[5]))).toMatchObject({
      reason: 'held',
      cause: 'unavailable',
      probeAt: hold?.probeAt,
    })
    // Far longer than all retries of a job would last.
    await passing(clock, 600_000)
    const jobs = await Promise.all(ids.map((id) => queue.get(id)))
    expect(jobs.map((job) => job?.state)).toEqual(ids.map(() => 'pending'))
    expect(jobs.reduce((sum, job) => sum + Number(job?.errors), 0)).toBe(1)
    expect(jobs.flatMap((job) => job?.failures ?? []).filter(({ charged }) => charged)).toHaveLength(1)
    const probes = state.asked.length
    expect(probes).toBeGreaterThan(50)
    // One at a time, and each turns to the job that probed least.
    const attempts = jobs.map((job) => Number(job?.attempt))
    expect(Math.max(...attempts) - Math.min(...attempts)).toBeLessThanOrEqual(2)
    expect(heard.some(([name]) => name === 'dead')).toBe(false)
    state.answer = () => new Response('ok')
    await untilLater(clock, async () => (await queue.info()).counts.completed === 7)
    expect(heard.filter(([name]) => name === 'resumed')).toEqual([['resumed', { kind: 'upload' }]])
    expect((await queue.info()).holds).toEqual([])
    expect(heard[0]).toEqual(['held', { kind: 'upload', cause: 'unavailable', probeAt: expect.any(Number) }])
  })

  it('is left alone for as long as Retry-After says', async () => {
    const { given, keep, clock } = bench()
    const { state, upload } = server()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { upload } }))
    const headers = { 'retry-after': '120' }
    state.answer = () => new Response('slow down', { status: 429, headers })
    await queue.start()
    await queue.enqueue('upload', 'a')
    await turns()
    const at = clock.now()
    expect((await queue.info()).holds).toMatchObject([{ cause: 'throttled', probeAt: at + 120_000 }])
    await passing(clock, 119_000)
    expect(state.asked).toHaveLength(1)
    await passing(clock, 2_000)
    expect(state.asked).toHaveLength(2)
  })

  it('ends a drain as held, with the next probe’s time', async () => {
    const { given, keep, clock } = bench()
    const { state, upload } = server()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { upload } }))
    state.answer = () => new Response('later', { status: 503, headers: { 'retry-after': '60' } })
    await queue.enqueue('upload', 'a')
    expect(await queue.drain()).toEqual({
      completed: 0,
      failed: 1,
      dead: 0,
      remaining: 1,
      nextAt: clock.now() + 60_000,
      wakeAt: clock.now() + 60_000,
      stopped: 'held',
    })
  })
})

describe('a server that answers 401', () => {
  it('holds the kind until resume, for ever', async () => {
    const { given, keep, clock } = bench()
    const { state, upload } = server()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { upload } }))
    state.answer = () => new Response('who are you?', { status: 401 })
    await queue.start()
    const { id } = await queue.enqueue('upload', 'a')
    await passing(clock, 3_600_000)
    expect(state.asked).toHaveLength(1)
    expect(await queue.why(id)).toEqual({ reason: 'held', cause: 'unauthorized', until: 'resume' })
    expect((await queue.info()).holds).toMatchObject([{ probeAt: undefined }])
    await queue.resume('note')
    expect((await queue.info()).holds).toHaveLength(1)
    state.answer = () => new Response('ok')
    await queue.resume('upload')
    expect(await queue.result(id)).toBe(200)
  })
})

describe('no response', () => {
  const noResponse = () => Promise.reject(new TypeError('fetch failed'))

  it('is the job’s own failure where the probe succeeds', async () => {
    const { given, keep, clock } = bench()
    const { state, upload } = server()
    state.answer = noResponse
    const connectivity = { probe: async () => true }
    const queue = keep(createQueue({ ...given({ connectivity }), tasks, handlers: { upload } }))
    const { id } = await queue.enqueue('upload', 'a')
    await queue.start()
    await untilLater(clock, async () => (await queue.get(id))?.state === 'dead')
    expect(await queue.get(id)).toMatchObject({
      errors: 3,
      reason: 'errors',
      failures: [{ name: 'NoResponseError' }, {}, {}],
    })
    expect((await queue.info()).holds).toEqual([])
  })

  it.each([
    ['fails', { probe: async () => false }],
    ['throws', { probe: () => Promise.reject(new Error('no')) }],
    ['is not to be had', {}],
  ])('holds the kind where the probe %s', async (_, connectivity) => {
    const { given, keep, clock } = bench()
    const { state, upload } = server()
    state.answer = noResponse
    const queue = keep(createQueue({ ...given({ connectivity }), tasks, handlers: { upload } }))
    const { id } = await queue.enqueue('upload', 'a')
    await queue.start()
    await passing(clock, 600_000)
    expect(await queue.get(id)).toMatchObject({ state: 'pending', errors: 1 })
    expect((await queue.info()).holds).toMatchObject([{ cause: 'no-response' }])
    state.answer = () => new Response('ok')
    queue.wake()
    expect(await queue.result(id)).toBe(200)
  })
})

describe('any other answer', () => {
  it.each([
    [500, 'pending', 1],
    [408, 'pending', 1],
    [403, 'dead', 1],
    [404, 'dead', 1],
  ])('%s is the job’s own: %s', async (status, expected, errors) => {
    const { given, keep } = bench()
    const { state, upload } = server()
    state.answer = () => new Response('no', { status })
    const queue = keep(createQueue({ ...given(), tasks, handlers: { upload } }))
    const { id } = await queue.enqueue('upload', 'a')
    await queue.drain()
    expect(await queue.get(id)).toMatchObject({
      state: expected,
      errors,
      failures: [{ status, name: 'HttpError' }],
    })
    expect((await queue.info()).holds).toEqual([])
  })
})

describe('holds', () => {
  it('are their owner’s alone', async () => {
    const { given, keep } = bench()
    const { state, upload } = server()
    const ada = keep(createQueue({ ...given({ owner: 'ada' }), tasks, handlers: { upload } }))
    const eve = keep(createQueue({ ...given({ owner: 'eve' }), tasks, handlers: { upload } }))
    state.answer = () => new Response('who are you?', { status: 401 })
    await ada.enqueue('upload', 'a')
    expect((await ada.drain()).stopped).toBe('held')
    state.answer = () => new Response('ok')
    await eve.enqueue('upload', 'b')
    expect(await eve.drain()).toMatchObject({ completed: 1, stopped: 'idle' })
    expect((await eve.info()).holds).toEqual([])
  })

  it('do not outlive a stop that gives their probe back', async () => {
    const { given, keep, clock } = bench()
    const held = gate<Response>()
    const { state, upload } = server()
    const queue = keep(createQueue({ ...given(), tasks, handlers: { upload } }))
    state.answer = () => new Response('later', { status: 503 })
    const { id } = await queue.enqueue('upload', 'a')
    await queue.drain()
    state.answer = () => held.promise
    clock.advance(8_000)
    await queue.start()
    await turns()
    expect(await queue.get(id)).toMatchObject({ state: 'running' })
    await queue.stop({ graceMs: 0 })
    state.answer = () => new Response('ok')
    await queue.start()
    await untilLater(clock, async () => (await queue.get(id))?.state === 'completed')
    expect(await queue.get(id)).toMatchObject({ errors: 1, releases: 1 })
    held.open(new Response('ok'))
  })
})
