import type { RequestListener } from 'node:http'
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
  const listener: RequestListener = (request, response) => {
    response.setHeader('cache-control', 'no-cache')
    const isScript = request.url?.split('?')[0] === '/page.js'
    // What "clear site data" of a browser's settings does, by the standard header for it.
    if (request.url === '/clear-site-data') response.setHeader('clear-site-data', '"storage"')
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : html)
  }
  return startLoopback(listener, 'localhost')
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
