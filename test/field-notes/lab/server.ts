import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { createReceiver, memoryAcks } from '../../../src/receiver/index.ts'
import { startLoopback } from '../../tools/loopback.ts'
import { requestOf } from '../../tools/request.ts'

/** How a delivery is answered: with a status; `lost`: it is taken in, and the connection is cut; `cut`: only the latter. */
export type Answer = number | { readonly status: number; readonly body: string } | 'lost' | 'cut'

/** One request that reached the server while it was up. */
export interface Delivery {
  readonly id: string
  /** The `Idempotency-Key`, if it came with one. */
  readonly key: string | undefined
  readonly body: Buffer
  readonly headers: IncomingMessage['headers']
  /** `undefined` while it waits for its answer. */
  readonly answer: Answer | undefined
}

/** Deliveries that wait for their answer. */
export interface Held {
  readonly deliveries: readonly Delivery[]
  /** Answers them, and from here on everything else as before. */
  release(answer?: Answer): void
}

/** A server as an application has one, with its accidents on command. */
export interface Server {
  readonly url: string
  /** Everything that arrived, in the order of arrival. */
  readonly deliveries: readonly Delivery[]
  /** The ids of what came while it was down. */
  readonly refused: readonly string[]
  /** What took effect: the ids in order, those with a known `Idempotency-Key` once. */
  readonly applied: readonly string[]
  /** How many acknowledgements arrived, from peers that send any. */
  readonly acknowledged: number
  /** The connection breaks instead of an answer. Pages and scripts still come. */
  isDown: boolean
  /** Decides about each delivery; by itself 200. */
  answer: (delivery: Delivery) => Answer | Promise<Answer>
  /** From here on deliveries wait for their answer, all or those of the given ids. */
  hold(...ids: readonly string[]): Held
  close(): Promise<void>
}

const isSuccess = (answer: Answer): boolean => {
  const status = typeof answer === 'object' ? answer.status : answer
  return status === 'lost' || (typeof status === 'number' && status < 300)
}

/** Starts the server on a free port: an origin of its own. `read` says what is at a path that is not the API's. */
export async function startServer(read: (path: string) => { type: string; body: string }): Promise<Server> {
  const deliveries: Delivery[] = []
  const refused: string[] = []
  const applied: string[] = []
  const keys = new Set<string>()
  let acknowledged = 0
  const receive = createReceiver({
    store: memoryAcks(),
    authenticate: () => 'the device',
    onAck: () => void acknowledged++,
  })

  const take = async (request: IncomingMessage, response: ServerResponse, id: string): Promise<void> => {
    const delivery: { -readonly [Field in keyof Delivery]: Delivery[Field] } = {
      id,
      key: request.headers['idempotency-key']?.toString(),
      body: await buffer(request),
      headers: request.headers,
      answer: undefined,
    }
    deliveries.push(delivery)
    const answer = await server.answer(delivery)
    delivery.answer = answer
    if (isSuccess(answer) && !(delivery.key !== undefined && keys.has(delivery.key))) applied.push(id)
    if (isSuccess(answer) && delivery.key !== undefined) keys.add(delivery.key)
    if (typeof answer === 'string') request.socket.destroy()
    else if (typeof answer === 'number') response.writeHead(answer).end()
    else response.writeHead(answer.status).end(answer.body)
  }
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // Chromium sends a request again by itself when a connection that was used before is cut.
    response.setHeader('connection', 'close')
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://site')
    const id = searchParams.get('id') ?? ''
    if (!pathname.startsWith('/api/')) {
      const { type, body } = read(pathname)
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(body)
    } else if (server.isDown) {
      if (pathname === '/api/writes') refused.push(id)
      request.socket.destroy()
    } else if (pathname === '/api/writes') await take(request, response, id)
    else await passOn(request, response, receive)
  }

  const http = await startLoopback((request, response) => {
    handle(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    )
  })

  const server: Server = {
    url: http.url,
    ...{ deliveries, refused, applied },
    get acknowledged() {
      return acknowledged
    },
    isDown: false,
    answer: () => 200,
    hold: (...ids) => hold(server, ids),
    close: () => http.stop(),
  }
  return server
}

function hold(server: Server, ids: readonly string[]): Held {
  const { answer: before } = server
  const held: Delivery[] = []
  const released = Promise.withResolvers<Answer>()
  server.answer = (delivery) => {
    if (ids.length > 0 && !ids.includes(delivery.id)) return before(delivery)
    held.push(delivery)
    return released.promise
  }
  return {
    deliveries: held,
    release(answer = 200) {
      server.answer = before
      released.resolve(answer)
    },
  }
}

async function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  receive: (request: Request) => Promise<Response>,
): Promise<void> {
  const answer = await receive(requestOf(request, await buffer(request)))
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
}
