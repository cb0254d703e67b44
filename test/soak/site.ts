import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Where the tabs and their worker come from: a site that is never down. */
export interface Site {
  readonly url: string
  close(): Promise<void>
}

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Holdfast in the soak</title>
  <script type="module" src="/page.js"></script>
</html>
`

export async function serveSite(): Promise<Site> {
  const scripts = await bundle()
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site')
    const script = scripts.get(pathname)
    // Pages that may not be stored do not get into the back/forward cache.
    const headers = { 'content-type': script ? 'text/javascript' : 'text/html', 'cache-control': 'no-cache' }
    response.writeHead(200, headers).end(script ?? (pathname === '/' ? html : '<!doctype html>Elsewhere'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Cannot serve: there is no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function bundle(): Promise<ReadonlyMap<string, string>> {
  const source = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [source('test/soak/page/page.ts'), source('test/soak/page/worker.ts')],
    bundle: true,
    write: false,
    outdir: '/',
    // A worker that is no module.
    format: 'iife',
    target: 'es2022',
    alias: {
      holdfast: source('src/index.ts'),
      'holdfast/http': source('src/http/index.ts'),
      'holdfast/page': source('src/host/page/index.ts'),
      'holdfast/service-worker': source('src/host/service-worker/index.ts'),
    },
  })
  return new Map(outputFiles.map(({ path, text }) => [path, text]))
}
