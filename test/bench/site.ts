import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import packageJson from '../../package.json' with { type: 'json' }

export interface Site {
  readonly url: string
  close(): Promise<void>
}

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url))

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Holdfast and its peers</title>
  <script type="module" src="/page.js"></script>
</html>
`

/** The page of the bench on a free port of the loopback; for profiles, with the names that functions have. */
export async function serveBench(isReadable: boolean): Promise<Site> {
  const script = await bundlePage(isReadable)
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    // Isolated, since browsers round what clocks say elsewhere.
    response.setHeader('cross-origin-opener-policy', 'same-origin')
    response.setHeader('cross-origin-embedder-policy', 'require-corp')
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

/** Ours and the peers as a user would ship them. */
async function bundlePage(isReadable: boolean): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path('test/bench/page/page.ts')],
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
