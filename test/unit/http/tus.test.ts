import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type TusOptions, tusUpload } from 'holdfast/http/tus'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createQueue, defineTasks, memoryStore, task } from '../../../src/index.ts'
import type { StoreFactory } from '../../../src/store/contract.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { bench } from '../queue/bench.ts'
import { type TusServer, tusServer } from './tus-server.ts'

const bytes = new Uint8Array(100_000).map((_, place) => (place * 7) % 251)
const hash = createHash('sha256').update(bytes).digest('hex')
const file = new File([bytes], 'Grüße.bin', { type: 'application/octet-stream' })
const chunkBytes = 30_000

const servers: TusServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

/** Waits for a condition that a real network brings about. */
function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const look = async (): Promise<void> => expect(await holds(), String(holds)).toBe(true)
  return vi.waitFor(look, { timeout: 20_000, interval: 2 })
}

interface Payload {
  readonly file: File
}

async function setUp(more: Partial<TusOptions<Payload>> = {}, store: StoreFactory = memoryStore()) {
  const server = await tusServer()
  servers.push(server)
  const { given, keep, clock } = bench(store)
  const tasks = defineTasks({
    upload: task<Payload, { url: string }>({ retry: { baseMs: 10, backoff: 'fixed' } }),
  })
  const upload = tusUpload<Payload>({ endpoint: server.endpoint, chunkBytes, ...more })
  const open = () => keep(createQueue({ ...given(), tasks, handlers: { upload } }))
  const queue = open()
  const { id } = await queue.enqueue('upload', { file })
  const again = async () => {
    clock.advance(10)
    await queue.drain()
    return queue.get(id)
  }
  const methods = () => server.received.map(({ method }) => method)
  const uploads = () => [
    ...new Set(server.received.map(({ upload }) => upload).filter((name) => name !== '')),
  ]
  return { server, queue, id, again, methods, uploads, open }
}

const answering =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): true => {
    response.writeHead(status, headers).end()
    return true
  }

describe('an upload in pieces', () => {
  test('is on the server, byte by byte, with what is told of it', async () => {
    const progress: unknown[] = []
    const metadata = ({ file: { name } }: Payload) => ({ filename: name, empty: '' })
    const { server, queue, id, methods, uploads, again } = await setUp({ metadata })
    queue.on('progress', ({ value }) => progress.push(value))
    expect(await again()).toMatchObject({ state: 'completed', progress: 100_000, errors: 0 })
    expect(methods()).toEqual(['POST', 'PATCH', 'PATCH', 'PATCH', 'PATCH'])
    const [upload = ''] = uploads()
    expect(await queue.result(id)).toEqual({ url: `${server.endpoint}/${upload}` })
    expect(await server.sha256(upload)).toBe(hash)
    expect(await server.metadata(upload)).toMatchObject({ filename: 'Grüße.bin' })
    expect(progress).toContain(60_000)
  })

  test('keeps where it is after each piece', async () => {
    const { server, queue, id, again, uploads } = await setUp()
    const kept: unknown[] = []
    server.intercept = (_, response, nth) => {
      if (nth > 2) return answering(500)(response)
      return false
    }
    await queue.drain()
    kept.push((await queue.get(id))?.checkpoint)
    server.intercept = () => false
    expect(kept).toEqual([{ url: `${server.endpoint}/${uploads()[0]}`, offset: 60_000 }])
    expect(await again()).toMatchObject({ state: 'completed', checkpoint: undefined })
  })

  test('of nothing is done when it is created', async () => {
    const { server, queue, methods } = await setUp()
    await queue.drain()
    const before = server.received.length
    const { id } = await queue.enqueue('upload', { file: new File([], 'nothing') })
    await queue.drain()
    expect((await queue.get(id))?.state).toBe('completed')
    expect(methods().slice(before)).toEqual(['POST'])
  })

  test('has the headers that are computed for each attempt', async () => {
    let tokens = 0
    const { server, queue, again } = await setUp({
      headers: async () => ({ Authorization: `Bearer ${++tokens}` }),
    })
    server.intercept = ({ method }, response, nth) =>
      method === 'PATCH' && nth === 2 && answering(500)(response)
    await queue.drain()
    await again()
    const tokensOf = server.received.map(({ method, headers }) => `${method} ${headers.authorization}`)
    expect(tokensOf).toEqual([
      'POST Bearer 1',
      'PATCH Bearer 1',
      'PATCH Bearer 1',
      'HEAD Bearer 2',
      'PATCH Bearer 2',
      'PATCH Bearer 2',
      'PATCH Bearer 2',
    ])
  })
})

describe('an upload that was cut off', () => {
  test('goes on, in another context, from the bytes that the server has', async () => {
    const { server, queue, id, uploads, methods, open } = await setUp()
    server.intercept = (request, _, nth) => {
      if (request.method !== 'PATCH' || nth !== 3) return false
      // The first bytes of the piece arrive, then the line is dead.
      let arrived = 0
      const push = request.push
      request.push = (chunk: Buffer | null, encoding) => {
        arrived += chunk?.length ?? 0
        const more = push(chunk, encoding)
        if (arrived > 0) request.socket.destroy()
        return more
      }
      return false
    }
    await queue.start()
    await until(() => server.received.filter(({ method }) => method === 'PATCH').length === 3)
    await queue.leave()
    server.intercept = () => false
    const other = open()
    await other.drain()
    await other.resume()
    await other.drain()
    expect((await other.get(id))?.state).toBe('completed')
    expect(uploads()).toHaveLength(1)
    expect(methods()).toContain('HEAD')
    expect(await server.sha256(uploads()[0] ?? '')).toBe(hash)
    const sent = server.received.reduce((sum, { bytes }) => sum + bytes, 0)
    expect(sent - bytes.length).toBeLessThanOrEqual(chunkBytes)
  })

  test.each([404, 410])('and is gone (%i) is created anew', async (status) => {
    const { server, queue, again, uploads } = await setUp()
    server.intercept = ({ method }, response, nth) =>
      method === 'PATCH' && nth === 2 && answering(500)(response)
    await queue.drain()
    const [first] = uploads()
    server.intercept = ({ method }, response) => method === 'HEAD' && answering(status)(response)
    expect((await again())?.state).toBe('completed')
    expect(uploads()).toHaveLength(2)
    expect(await server.sha256(uploads()[1] ?? '')).toBe(hash)
    expect(uploads()[0]).toBe(first)
  })

  test('and is longer on the server than the file is created anew', async () => {
    const { server, queue, again, uploads } = await setUp()
    server.intercept = ({ method }, response, nth) =>
      method === 'PATCH' && nth === 2 && answering(500)(response)
    await queue.drain()
    server.intercept = ({ method }, response) =>
      method === 'HEAD' && answering(200, { 'Upload-Offset': '100001' })(response)
    expect((await again())?.state).toBe('completed')
    expect(await server.sha256(uploads()[1] ?? '')).toBe(hash)
  })
})

describe('a server that sees it otherwise', () => {
  test('is asked for the offset where it refuses ours', async () => {
    const { server, queue, id, methods, uploads } = await setUp()
    server.intercept = ({ method }, response, nth) =>
      method === 'PATCH' && nth === 2 && answering(409)(response)
    await queue.drain()
    expect(await queue.get(id)).toMatchObject({ state: 'completed', errors: 0 })
    expect(methods()).toEqual(['POST', 'PATCH', 'PATCH', 'HEAD', 'PATCH', 'PATCH', 'PATCH'])
    expect(await server.sha256(uploads()[0] ?? '')).toBe(hash)
  })

  test('loses the upload in mid-way: it is created anew in the same attempt', async () => {
    const { server, queue, id, uploads } = await setUp()
    server.intercept = ({ method }, response, nth) =>
      method === 'PATCH' && nth === 2 && answering(410)(response)
    await queue.drain()
    expect(await queue.get(id)).toMatchObject({ state: 'completed', errors: 0, progress: 100_000 })
    expect(await server.sha256(uploads()[1] ?? '')).toBe(hash)
  })

  test('is not asked for ever', async () => {
    const { server, queue, id, methods } = await setUp()
    server.intercept = ({ method }, response) => method === 'PATCH' && answering(409)(response)
    await queue.drain()
    const job = await queue.get(id)
    expect(job).toMatchObject({ state: 'pending', errors: 1 })
    expect(job?.failures[0]?.message).toBe('Cannot go on: the server stays at byte 0')
    expect(methods().filter((method) => method === 'PATCH')).toHaveLength(4)
  })

  test.each([
    ['is locked by another request', 423, {}, 'Cannot upload: it is locked'],
    ['is a captive portal', 200, {}, 'Cannot upload: the answer shows the Upload-Offset ""'],
    [
      'hides its offset',
      204,
      { 'Upload-Offset': '12 apples' },
      'Cannot upload: the answer shows the Upload-Offset "12 apples"',
    ],
  ])('and %s is tried again', async (_, status, headers, message) => {
    const { server, queue, id, again } = await setUp()
    server.intercept = ({ method }, response) => method === 'PATCH' && answering(status, headers)(response)
    await queue.drain()
    const job = await queue.get(id)
    expect(job).toMatchObject({ state: 'pending', errors: 1 })
    expect(job?.failures[0]?.message).toBe(message)
    server.intercept = () => false
    expect((await again())?.state).toBe('completed')
  })

  test('shows no Location: tried again', async () => {
    const { server, queue, id } = await setUp()
    server.intercept = ({ method }, response) => method === 'POST' && answering(201)(response)
    await queue.drain()
    expect((await queue.get(id))?.failures[0]?.message).toBe(
      'Cannot upload: the answer to the creation shows no Location',
    )
  })

  test('refuses for good, or is busy: as assertOk has it', async () => {
    const { server, queue, id } = await setUp()
    server.intercept = ({ method }, response) =>
      method === 'POST' && answering(503, { 'Retry-After': '60' })(response)
    await queue.drain()
    expect((await queue.info()).holds).toMatchObject([{ kind: 'upload', cause: 'unavailable' }])
    server.intercept = ({ method }, response) => method === 'POST' && answering(413)(response)
    await queue.resume()
    await queue.drain()
    expect(await queue.get(id)).toMatchObject({ state: 'dead', reason: 'fatal' })
  })
})

describe('a cancellation', () => {
  test.each([
    [true, ['POST', 'PATCH', 'DELETE']],
    [false, ['POST', 'PATCH']],
  ])('with `terminate: %s` asks for %j', async (terminate, expected) => {
    const { server, queue, id, methods } = await setUp({ terminate })
    server.intercept = ({ method }) => method === 'PATCH'
    await queue.start()
    await until(() => methods().includes('PATCH'))
    expect(await queue.cancel(id)).toBe('requested')
    await until(async () => (await queue.get(id))?.state === 'cancelled')
    expect(methods()).toEqual(expected)
  })

  test('has the server forget what was to be resumed, too', async () => {
    const { server, queue, id, methods, again } = await setUp({ terminate: true })
    let pieces = 0
    server.intercept = ({ method }, response) =>
      method === 'PATCH' && pieces++ > 0 && answering(500)(response)
    await queue.drain()
    expect(await queue.get(id)).toMatchObject({ checkpoint: { offset: chunkBytes } })
    server.intercept = ({ method }) => method === 'HEAD'
    const resuming = again()
    await until(() => methods().includes('HEAD'))
    expect(await queue.cancel(id)).toBe('requested')
    await resuming
    expect(await queue.get(id)).toMatchObject({ state: 'cancelled' })
    expect(methods().at(-1)).toBe('DELETE')
  })

  test('alone has the server forget: what failed goes on later', async () => {
    const { server, queue, methods } = await setUp({ terminate: true })
    server.intercept = ({ method }, response) => method === 'PATCH' && answering(500)(response)
    await queue.drain()
    expect(methods()).toEqual(['POST', 'PATCH'])
  })

  test('does not wait for a server that is gone', async () => {
    const { server, queue, id, methods } = await setUp({ terminate: true })
    server.intercept = ({ method, socket }) => {
      if (method === 'DELETE') socket.destroy()
      return method !== 'POST'
    }
    await queue.start()
    await until(() => methods().includes('PATCH'))
    await queue.cancel(id)
    await until(async () => (await queue.get(id))?.state === 'cancelled')
    expect(methods()).toContain('DELETE')
  })
})

describe('a store', () => {
  test('that has no room for a checkpoint does not stop the upload', async () => {
    const full = faultyStore(memoryStore(), ({ method }) =>
      method === 'commit'
        ? { type: 'quota', over: ({ body }) => body.includes('"checkpointed"') }
        : undefined,
    )
    const { server, queue, id, uploads } = await setUp({}, full)
    await queue.drain()
    expect(await queue.get(id)).toMatchObject({ state: 'completed', errors: 0 })
    expect(await server.sha256(uploads()[0] ?? '')).toBe(hash)
  })
})

test('an attempt that lost its lease sends nothing more', async () => {
  const { server, queue, id, methods } = await setUp()
  let left = Promise.resolve()
  server.intercept = ({ method }, _, nth) => {
    if (method === 'PATCH' && nth === 2) left = queue.leave()
    return false
  }
  await queue.start()
  await until(() => methods().length === 3)
  await left
  await until(async () => (await queue.info()).worker.running === 0)
  expect(methods()).toEqual(['POST', 'PATCH', 'PATCH'])
  expect((await queue.get(id))?.state).toBe('running')
})

test('misuse is refused', async () => {
  expect(() => tusUpload({ endpoint: '/files', chunkBytes: 0 })).toThrow(RangeError)
  expect(() => tusUpload({ endpoint: '/files', chunkByte: 1 } as never)).toThrow('chunkByte')
  const { given, keep } = bench()
  const upload = tusUpload<{ file: Blob }>({ endpoint: 'http://127.0.0.1:1/files' })
  const queue = keep(createQueue({ ...given(), handlers: { upload } }))
  const { id } = await queue.enqueue('upload', { file: 'text' } as never)
  await queue.drain()
  expect((await queue.get(id))?.failures[0]?.message).toBe('Cannot upload: the payload has no file')
})

test('the file may stand elsewhere in the payload, and the endpoint depend on it', async () => {
  const server = await tusServer()
  servers.push(server)
  const { given, keep } = bench()
  const upload = tusUpload<{ where: string; video: Blob }>({
    endpoint: ({ where }) => where,
    file: ({ video }) => video,
  })
  const queue = keep(createQueue({ ...given(), handlers: { upload } }))
  const { id } = await queue.enqueue('upload', { where: server.endpoint, video: file })
  await queue.drain()
  expect((await queue.get(id))?.state).toBe('completed')
  expect(server.received.filter(({ method }) => method === 'PATCH')).toHaveLength(1)
})
