import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createReceiver, memoryAcks } from 'holdfast/receiver'
import { describe, expect, onTestFinished, test } from 'vitest'
import { contentType, encodeBatch } from '../../../src/sync/wire.ts'
import { authenticate, completed, post, range } from './device.ts'

const mebibyte = 1_048_576

function receiver(limits: { maxBodyBytes?: number; maxBatch?: number } = {}) {
  const numbers: number[] = []
  const store = memoryAcks()
  const onAck = ({ sequence }: { sequence: number }): void => void numbers.push(sequence)
  const receive = createReceiver({ store, authenticate, onAck, ...limits })
  async function refusal(request: Request): Promise<unknown[]> {
    const response = await receive(request)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const body: { status: number; code: string } = await response.json()
    expect(body.status).toBe(response.status)
    expect(numbers).toEqual([])
    return [response.status, body.code]
  }
  return { receive, refusal, numbers }
}

function streamed(body: ReadableStream<Uint8Array>, headers: Record<string, string> = {}): Request {
  const init = {
    method: 'POST',
    body,
    duplex: 'half',
    headers: { 'content-type': contentType, authorization: 'ada', ...headers },
  }
  return new Request('http://localhost/acks', init)
}

describe('the type of a body', () => {
  test('may carry a charset, in any case', async () => {
    const { receive } = receiver()
    const headers = { 'content-type': 'Application/CloudEvents-Batch+JSON; charset=utf-8' }
    expect((await receive(post(range(1, 1), { headers }))).status).toBe(200)
  })

  test.each(['', 'text/plain', 'application/json', 'application/cloudevents+json', `${contentType}x`])(
    'is answered 415 when it is %j',
    async (type) => {
      const headers = { 'content-type': type }
      expect(await receiver().refusal(post(range(1, 1), { headers }))).toEqual([415, 'wrong-type'])
    },
  )

  test('is answered 415 when it is encoded', async () => {
    const headers = { 'content-encoding': 'gzip' }
    expect(await receiver().refusal(post(range(1, 1), { headers }))).toEqual([415, 'wrong-type'])
  })
})

describe('the size of a body', () => {
  test('may be just the limit', async () => {
    const body = encodeBatch(range(1, 2))
    const { receive } = receiver({ maxBodyBytes: body.length })
    expect((await receive(post(body))).status).toBe(200)
    expect(await receiver({ maxBodyBytes: body.length - 1 }).refusal(post(body))).toEqual([
      413,
      'body-too-large',
    ])
  })

  test('is counted in bytes, not characters', async () => {
    const body = encodeBatch([completed(1, 'é'.repeat(500))])
    const { refusal } = receiver({ maxBodyBytes: body.length + 100 })
    expect(await refusal(post(body))).toEqual([413, 'body-too-large'])
  })

  test('of 10 MB is refused at the limit: the rest is not read', async () => {
    let produced = 0
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        produced += 65_536
        controller.enqueue(new Uint8Array(65_536))
        if (produced >= 10 * mebibyte) controller.close()
      },
      cancel() {
        cancelled = true
      },
    })
    expect(await receiver().refusal(streamed(body))).toEqual([413, 'body-too-large'])
    expect(produced).toBeLessThan(mebibyte + 3 * 65_536)
    expect(cancelled).toBe(true)
  })

  test('is not believed from a length that says less', async () => {
    const { refusal } = receiver({ maxBodyBytes: 100 })
    const body = new Blob(['x'.repeat(1_000)]).stream()
    expect(await refusal(streamed(body, { 'content-length': '10' }))).toEqual([413, 'body-too-large'])
  })

  test('is bound as well where requests have no stream to read, as in Firefox', async () => {
    const withoutStream = (text: string): Request =>
      Object.defineProperty(post(text), 'body', { value: undefined })
    const text = encodeBatch(range(1, 2))
    const { receive } = receiver({ maxBodyBytes: text.length })
    expect((await receive(withoutStream(text))).status).toBe(200)
    const { refusal } = receiver({ maxBodyBytes: text.length - 1 })
    expect(await refusal(withoutStream(text))).toEqual([413, 'body-too-large'])
  })

  test('is held once, however small the pieces it comes in', async () => {
    const text = encodeBatch(range(1, 3))
    const bytes = new TextEncoder().encode(text)
    let next = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (next < bytes.length) controller.enqueue(bytes.subarray(next, ++next))
        else controller.close()
      },
    })
    const { receive, numbers } = receiver({ maxBodyBytes: bytes.length })
    expect((await receive(streamed(body))).status).toBe(200)
    expect(numbers).toEqual([1, 2, 3])
  })

  test('is believed from a length that says too much, without reading', async () => {
    let pulled = false
    const pull = (): void => {
      pulled = true
    }
    const body = new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 })
    const request = streamed(body, { 'content-length': String(10 * mebibyte) })
    expect(await receiver().refusal(request)).toEqual([413, 'body-too-large'])
    expect(pulled).toBe(false)
  })

  test('is bounded in events too', async () => {
    const { receive, refusal } = receiver({ maxBatch: 3 })
    expect(await refusal(post(range(1, 4)))).toEqual([413, 'batch-too-large'])
    expect((await receive(post(range(1, 3)))).status).toBe(200)
  })
})

describe('a body that is no JSON', () => {
  test.each([
    ['nothing', ''],
    ['words', 'hello'],
    ['half a batch', encodeBatch(range(1, 2)).slice(0, -1)],
    ['two batches', `${encodeBatch(range(1, 1))}${encodeBatch(range(2, 2))}`],
    ['a number of another language', '[NaN]'],
    ['closing brackets', ']'.repeat(1_000)],
  ])('is answered 400: %s', async (_, body) => {
    expect(await receiver().refusal(post(body))).toEqual([400, 'bad-json'])
  })

  test('is answered 400: none at all', async () => {
    const headers = { 'content-type': contentType, authorization: 'ada' }
    const request = new Request('http://localhost/acks', { method: 'POST', headers })
    expect(await receiver().refusal(request)).toEqual([400, 'bad-json'])
  })

  test('is answered 400: bytes that are no UTF-8', async () => {
    const body = new Blob(['["', new Uint8Array([0xff, 0xfe]), '"]']).stream()
    expect(await receiver().refusal(streamed(body))).toEqual([400, 'bad-json'])
  })

  test('is answered 400: one that breaks off', async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('[{"specversion"'))
        controller.error(new Error('the client has gone'))
      },
    })
    expect(await receiver().refusal(streamed(body))).toEqual([400, 'body-lost'])
  })
})

describe('a body that nests', () => {
  test.each([
    ['lists', '['.repeat(500_000)],
    ['closed lists', `${'['.repeat(300_000)}${']'.repeat(300_000)}`],
    ['objects', '{"a":'.repeat(150_000)],
    ['a result', `[{"data":{"result":${'[['.repeat(64)}1${']]'.repeat(64)}}}]`],
  ])('too deep is answered 422: %s', async (_, body) => {
    expect(await receiver().refusal(post(body))).toEqual([422, 'too-deep'])
  })

  test('as deep as results do is accepted, brackets in strings not counted', async () => {
    const result = JSON.parse(
      `${'['.repeat(100)}${JSON.stringify(`\\"${'['.repeat(500)}`)}${']'.repeat(100)}`,
    )
    const [event] = range(1, 1)
    const body = JSON.stringify([{ ...event, data: { ...event?.data, result } }])
    expect((await receiver().receive(post(body))).status).toBe(200)
  })
})

describe('behind a real server', () => {
  async function serve(receive: (request: Request) => Promise<Response>) {
    const outcomes: Promise<Response>[] = []
    const arrived = Promise.withResolvers<void>()
    const server = createServer(async (incoming, outgoing) => {
      const headers = new Headers()
      for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value))
      const outcome = receive(
        streamed(Readable.toWeb(incoming) as ReadableStream, Object.fromEntries(headers)),
      )
      outcomes.push(outcome)
      arrived.resolve()
      const response = await outcome
      outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    return { port, url: `http://127.0.0.1:${port}/acks`, outcomes, arrived: arrived.promise }
  }

  const headers = { 'content-type': contentType, authorization: 'ada' }

  test('a body that comes in pieces is settled', async () => {
    const { receive, numbers } = receiver()
    const { url } = await serve(receive)
    const text = encodeBatch(range(1, 50))
    const pieces = Array.from({ length: 10 }, (_, n) =>
      text.slice((n * text.length) / 10, ((n + 1) * text.length) / 10),
    )
    const body = Readable.toWeb(Readable.from(pieces.map((piece) => Buffer.from(piece)))) as ReadableStream
    const init = { method: 'POST', body, headers, duplex: 'half' }
    const response = await fetch(url, init)
    expect(await response.json()).toMatchObject({ acknowledged: 50 })
    expect(numbers).toHaveLength(50)
  })

  test('a slow client that goes away in the middle changes nothing', async () => {
    const { receive, numbers } = receiver()
    const { port, outcomes, arrived } = await serve(receive)
    const text = encodeBatch(range(1, 5))
    const socket = connect(port, '127.0.0.1')
    const lines = ['POST /acks HTTP/1.1', 'host: x', `content-type: ${contentType}`, 'authorization: ada']
    socket.write(`${lines.join('\r\n')}\r\ncontent-length: ${text.length}\r\n\r\n${text.slice(0, 100)}`)
    await arrived
    socket.destroy()
    expect((await outcomes[0])?.status).toBe(400)
    expect(numbers).toEqual([])
  })
})
