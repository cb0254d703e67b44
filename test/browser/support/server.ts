import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { onTestFinished } from 'vitest'
import { bundleApp } from './bundle.ts'

/** A server on the loopback, which can go away and come back at the same address. */
export interface Loopback {
  readonly url: string
  /** From here on connections are refused. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** Starts a server on a free port. Stopped when the test is over. */
export async function serve(listener: RequestListener): Promise<Loopback> {
  const server = createServer(listener)
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('Cannot serve: there is no port')
    return address.port
  }
  const port = await listen(0)
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  onTestFinished(stop)
  return { url: `http://127.0.0.1:${port}`, stop, start: async () => void (await listen(port)) }
}

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Holdfast under test</title>
  <label>Files <input type="file" id="files" multiple /></label>
  <script type="module" src="/app.js"></script>
</html>
`

/** Starts the site: at every path but that of its script the page of `app.ts`. */
export async function serveSite(): Promise<Loopback> {
  const script = await bundleApp()
  return serve((request, response) => {
    const [type, body] = request.url === '/app.js' ? ['text/javascript', script] : ['text/html', html]
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
  })
}
