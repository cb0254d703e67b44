import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import packageJson from '../../package.json' with { type: 'json' }

/** The site under test: at every path but those of its scripts, the page. */
export interface Site {
  readonly url: string
  close(): Promise<void>
}

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url))

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Holdfast under test</title>
  <script type="module" src="/page.js"></script>
</html>
`

/** Starts the site on a free port of the loopback, which browsers take for a secure context. */
export async function serveSite(): Promise<Site> {
  const script = await bundlePage()
  const server = createServer((request, response) => {
    response.setHeader('cache-control', 'no-cache')
    const isScript = request.url === '/page.js'
    // What "clear site data" of a browser's settings does, by the standard header for it.
    if (request.url === '/clear-site-data') response.setHeader('clear-site-data', '"storage"')
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : html)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Cannot serve: there is no port')
  return {
    url: `http://localhost:${address.port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path('test/engines/page/page.ts')],
    bundle: true,
    write: false,
    // Not a module: service workers that are modules are too new for some of the versions that are supported.
    format: 'iife',
    target: 'es2022',
    alias: { vitest: path('test/engines/page/vitest.ts') },
    plugins: [fromSource],
  })
  return outputFiles.map((file) => file.text).join('\n')
}

/** Each entry point as it is built from: what `exports` has in `dist`, in `src`. */
const fromSource: Plugin = {
  name: 'from-source',
  setup(building) {
    building.onResolve({ filter: /^holdfast(\/|$)/ }, ({ path: specifier }) => {
      const target: unknown = Reflect.get(packageJson.exports, `.${specifier.slice('holdfast'.length)}`)
      const built: unknown =
        typeof target === 'object' && target !== null ? Reflect.get(target, 'default') : target
      if (typeof built !== 'string') return { errors: [{ text: `there is no entry point ${specifier}` }] }
      return { path: path(built.replace('./dist/', 'src/').replace(/\.js$/, '.ts')) }
    })
  },
}
