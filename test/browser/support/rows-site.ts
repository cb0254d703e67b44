import { build } from 'esbuild'
import { fromSource, source } from '../../tools/from-source.ts'
import type { Loopback } from '../../tools/loopback.ts'
import { serve } from './server.ts'

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Rows and jobs under test</title>
  <script type="module" src="/rows.js"></script>
</html>
`

let bundled: Promise<string> | undefined

/** Starts the site of `rows.ts`; at `/never` nobody answers. */
export async function serveRows(): Promise<Loopback> {
  bundled ??= bundle()
  const script = await bundled
  return serve((request, response) => {
    if (request.url === '/never') return
    const [type, body] = request.url === '/rows.js' ? ['text/javascript', script] : ['text/html', html]
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
  })
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [source('test/browser/support/rows.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    sourcemap: 'inline',
    plugins: [fromSource],
  })
  return outputFiles.map((file) => file.text).join('\n')
}
