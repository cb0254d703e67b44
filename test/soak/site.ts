import { build } from 'esbuild'
import { fromSource, source } from '../tools/from-source.ts'
import { type Loopback, startLoopback } from '../tools/loopback.ts'

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Holdfast in the soak</title>
  <script type="module" src="/page.js"></script>
</html>
`

/** Where the tabs and their worker come from: a site that is never down. */
export async function serveSite(): Promise<Loopback> {
  const scripts = await bundle()
  return startLoopback((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site')
    const script = scripts.get(pathname)
    // Pages that may not be stored do not get into the back/forward cache.
    const headers = { 'content-type': script ? 'text/javascript' : 'text/html', 'cache-control': 'no-cache' }
    response.writeHead(200, headers).end(script ?? (pathname === '/' ? html : '<!doctype html>Elsewhere'))
  })
}

async function bundle(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: [source('test/soak/page/page.ts'), source('test/soak/page/worker.ts')],
    bundle: true,
    write: false,
    outdir: '/',
    // A worker that is no module.
    format: 'iife',
    target: 'es2022',
    plugins: [fromSource],
  })
  return new Map(outputFiles.map(({ path, text }) => [path, text]))
}
