import type { RequestListener } from 'node:http'
import { build } from 'esbuild'
import { fromSource, source } from '../tools/from-source.ts'
import { type Loopback, startLoopback } from '../tools/loopback.ts'

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Holdfast and its peers</title>
  <script type="module" src="/page.js"></script>
</html>
`

/** The page of the bench on a free port of the loopback; for profiles, with the names that functions have. */
export async function serveBench(isReadable: boolean): Promise<Loopback> {
  const script = await bundlePage(isReadable)
  const listener: RequestListener = (request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    // Isolated, since browsers round what clocks say elsewhere.
    response.setHeader('cross-origin-opener-policy', 'same-origin')
    response.setHeader('cross-origin-embedder-policy', 'require-corp')
    response.end(isScript ? script : html)
  }
  return startLoopback(listener, 'localhost')
}

/** Ours and the peers as a user would ship them. */
async function bundlePage(isReadable: boolean): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [source('test/bench/page/page.ts')],
    bundle: true,
    minify: !isReadable,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [fromSource],
    logLevel: 'error',
  })
  return outputFiles.map((file) => file.text).join('\n')
}
