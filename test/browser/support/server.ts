import type { RequestListener } from 'node:http'
import { onTestFinished } from 'vitest'
import { type Loopback, startLoopback } from '../../tools/loopback.ts'
import { bundleApp } from './bundle.ts'

/** Starts a server on a free port. Stopped when the test is over. */
export async function serve(listener: RequestListener): Promise<Loopback> {
  const server = await startLoopback(listener)
  onTestFinished(server.stop)
  return server
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
