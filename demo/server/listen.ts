import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'

/** Everything listens on the loopback only: nobody else on the network can reach the demo. */
const host = '127.0.0.1'

/** A server that accepts connections. */
export interface Listening {
  readonly url: string
  /** Ends open connections, too. */
  close(): Promise<void>
}

/** Which port to listen on. */
export interface PortChoice {
  /** 0 takes any free one. */
  readonly port: number
  /** Whether any other will do if this one is taken. */
  readonly orAnother: boolean
}

/** Listens on the port asked for. Rejects if it is taken and no other will do. */
export async function listen(listener: RequestListener, choice: PortChoice): Promise<Listening> {
  const server = createServer(listener)
  try {
    await bind(server, choice.port)
  } catch (error) {
    if (!choice.orAnother || !isTaken(error)) throw error
    await bind(server, 0)
  }
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('Cannot listen: no port was given')
  return { url: `http://${host}:${address.port}`, close: () => shut(server) }
}

async function bind(server: Server, port: number): Promise<void> {
  server.listen(port, host)
  await once(server, 'listening')
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

async function shut(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
