import { build } from 'esbuild'
import { fromSource, source } from '../../../tools/from-source.ts'
import type { Loopback } from '../../../tools/loopback.ts'
import { serve } from '../server.ts'

export interface HostSite extends Loopback {
  /**
   * What the service worker told: `worker started`, and how its events ended: `sync resolved`, `last sync rejected`,
   * `fetch resolved`, …
   */
  readonly reports: readonly string[]
}

let bundled: Promise<ReadonlyMap<string, string>> | undefined

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Hosts under test</title>
  <script type="module" src="/page.js"></script>
</html>
`

/** Starts the site: a page, its service worker, and whatever else is asked for is the page, too. */
export async function serveHosts(): Promise<HostSite> {
  bundled ??= bundle()
  const scripts = await bundled
  const reports: string[] = []
  const site = await serve((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://site')
    if (pathname === '/report') reports.push(decodeURIComponent(search.slice(1)))
    const script = scripts.get(pathname)
    // Pages that may not be stored do not get into the back/forward cache.
    const headers = { 'content-type': script ? 'text/javascript' : 'text/html', 'cache-control': 'no-cache' }
    response.writeHead(200, headers).end(script ?? html)
  })
  return { ...site, reports }
}

async function bundle(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: [
      source('test/browser/support/hosts/page.ts'),
      source('test/browser/support/hosts/worker.ts'),
    ],
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
