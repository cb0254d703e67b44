import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'

/** A server on the loopback, which can go away and come back at the same address. */
export interface Loopback {
  readonly url: string
  /** From here on connections are refused, and open ones have ended. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** Starts a server on a free port; `name` is what its URL calls the loopback. */
export async function startLoopback(listener: RequestListener, name = '127.0.0.1'): Promise<Loopback> {
  const server = createServer(listener)
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('Cannot serve: there is no port')
    return address.port
  }
  const port = await listen(0)
  return {
    url: `http://${name}:${port}`,
    async stop() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
    start: async () => void (await listen(port)),
  }
}
