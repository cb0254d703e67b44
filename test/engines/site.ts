import { createHash } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { build } from 'esbuild'
import { fromSource, source } from '../tools/from-source.ts'
import { type Loopback, startLoopback } from '../tools/loopback.ts'

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Holdfast under test</title>
  <script type="module" src="/page.js"></script>
</html>
`

/** Starts the site on a free port of the loopback, which browsers take for a secure context. */
export async function serveSite(): Promise<Loopback> {
  const script = await bundlePage()
  const api = createApi()
  const listener: RequestListener = (request, response) => {
    response.setHeader('cache-control', 'no-cache')
    if (request.url?.startsWith('/api/')) {
      void api(request, response)
      return
    }
    const isScript = request.url?.split('?')[0] === '/page.js'
    // What "clear site data" of a browser's settings does, by the standard header for it.
    if (request.url === '/clear-site-data') response.setHeader('clear-site-data', '"storage"')
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : html)
  }
  return startLoopback(listener, 'localhost')
}

/** What the API was sent. */
export interface Received {
  readonly digest: string
  readonly type: string | undefined
  readonly key: string | undefined
}

/**
 * Takes a note of what is written to an address, and tells all of it to who reads there. What is written to one that
 * ends in `?lost` is heard, and its answer is lost, until somebody reads there.
 */
function createApi(): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const notes = new Map<string, Received[]>()
  const read = new Set<string>()
  return async (request, response) => {
    const { url = '' } = request
    const received = notes.get(url) ?? []
    notes.set(url, received)
    if (request.method === 'GET') {
      read.add(url)
      response.end(JSON.stringify(received))
      return
    }
    const digest = createHash('sha256')
      .update(await buffer(request))
      .digest('hex')
    const { 'content-type': type, 'idempotency-key': key } = request.headers
    received.push({ digest, type, key: key?.toString() })
    if (url.endsWith('?lost') && !read.has(url)) request.socket.destroy()
    else response.writeHead(201).end()
  }
}

async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [source('test/engines/page/page.ts')],
    bundle: true,
    write: false,
    // Not a module: service workers that are modules are too new for some of the versions that are supported.
    format: 'iife',
    target: 'es2022',
    alias: { vitest: source('test/engines/page/vitest.ts') },
    plugins: [fromSource],
  })
  return outputFiles.map((file) => file.text).join('\n')
}
