import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { pageWire } from '../page/wire.ts'

/** The other ends of the wires of all pages of one browser, for browsers that no driver drives. */
export interface Wires {
  /** Where a browser starts: a page with a wire, for opening others from. */
  readonly startUrl: string
  /** A wire for one more tab; `url` is to be opened with it. */
  add(): Wire
  readonly start: Wire
  close(): Promise<void>
}

export interface Wire {
  /** The same page, told where its wire leads. */
  urlOf(url: string): string
  /** Runs `source` in the page that is there, or the next one to come; what it gives back travels as JSON. */
  run(source: string): Promise<unknown>
  /** Resolves once another document than the one before reported. */
  nextDocument(): Promise<void>
  /** Runs `source`, by which the page is to go where no wire leads; resolves once it listens no more. */
  runLast(source: string): Promise<void>
  /** Nobody will answer any more. */
  cut(reason: Error): void
}

/** How long a page that went says nothing, and is not there to be told anything (milliseconds). */
const silenceMs = 3_000

interface Order {
  readonly source: string
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: Error) => void
}

interface End {
  readonly wire: Wire
  take(document: string, response: ServerResponse): void
  answer(order: string, outcome: { value?: unknown; error?: string }): void
}

export async function openWires(): Promise<Wires> {
  const ends = new Map<string, End>()
  const server = createServer((request, response) => {
    handle(ends, request, response).catch((error: unknown) => response.destroy(error as Error))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Cannot serve: there is no port')
  const origin = `http://127.0.0.1:${address.port}`
  const add = (id: string = randomUUID()): Wire => {
    const end = endOf(`${origin}/${id}`)
    ends.set(id, end)
    return end.wire
  }
  const start = add('start')
  return {
    startUrl: start.urlOf(`${origin}/`),
    start,
    add: () => add(),
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function handle(
  ends: ReadonlyMap<string, End>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, id = '', of = ''] = new URL(request.url ?? '/', 'http://wire').pathname.split('/')
  const end = ends.get(id)
  if (id === '') {
    response.setHeader('content-type', 'text/html')
    response.end(`<!doctype html><title>start</title><script>(${String(pageWire)})()</script>`)
    return
  }
  response.setHeader('access-control-allow-origin', '*')
  if (end === undefined) return void response.writeHead(404).end()
  if (request.method === 'GET') return end.take(of, response)
  end.answer(of, JSON.parse(await text(request)))
  response.end()
}

function endOf(address: string): End {
  const waiting: Order[] = []
  const sent = new Map<string, Order>()
  let open: ServerResponse | undefined
  let document = ''
  let arrived = Promise.withResolvers<void>()
  let hungUp = Promise.withResolvers<void>()
  let heardAt = 0
  let gone: Error | undefined
  let count = 0

  const isListening = (): boolean => open !== undefined && !open.destroyed
  const flush = (): void => {
    if (open === undefined || open.destroyed) return
    const order = waiting.shift()
    if (order === undefined) return
    count += 1
    sent.set(String(count), order)
    open.end(JSON.stringify({ id: String(count), source: order.source }))
    open = undefined
  }
  return {
    take(from, response) {
      heardAt = performance.now()
      if (from !== document) {
        document = from
        for (const [, { reject }] of sent) reject(new Error('the page went away'))
        sent.clear()
        arrived.resolve()
        arrived = Promise.withResolvers<void>()
      }
      open?.end('null')
      open = response
      response.once('close', () => response.writableFinished || hungUp.resolve())
      flush()
    },
    answer(order, { value, error }) {
      heardAt = performance.now()
      const asked = sent.get(order)
      sent.delete(order)
      if (error === undefined) asked?.resolve(value)
      else asked?.reject(new Error(error))
    },
    wire: {
      urlOf: (url) => `${url}${url.includes('?') ? '&' : '?'}wire=${encodeURIComponent(address)}`,
      run: (source) =>
        new Promise((resolve, reject) => {
          if (gone) return reject(gone)
          waiting.push({ source, resolve, reject })
          flush()
        }),
      nextDocument: () => arrived.promise,
      async runLast(source) {
        if (gone) throw gone
        hungUp = Promise.withResolvers()
        // It may be gone before its answer is.
        const order: Order = { source, resolve: () => undefined, reject: () => undefined }
        waiting.push(order)
        flush()
        // One that goes between two of its requests has nothing to hang up.
        const isSilent = (): boolean =>
          !waiting.includes(order) && !isListening() && performance.now() - heardAt > silenceMs
        const looking = setInterval(() => isSilent() && hungUp.resolve(), 250)
        await hungUp.promise
        clearInterval(looking)
      },
      cut(reason) {
        gone = reason
        hungUp.resolve()
        for (const { reject } of [...waiting.splice(0), ...sent.values()]) reject(reason)
        sent.clear()
      },
    },
  }
}
