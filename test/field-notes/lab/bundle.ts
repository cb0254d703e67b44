import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import packageJson from '../../../package.json' with { type: 'json' }

const path = (relative: string): string => fileURLToPath(new URL(`../../../${relative}`, import.meta.url))

/** A peer's scripts, by their path on the site. */
export type Scripts = ReadonlyMap<string, string>

const bundles = new Map<string, Promise<Scripts>>()

/** The scripts of a peer's page and, if it has one, of its service worker; bundled once a process. */
export function scriptsOf(peer: string): Promise<Scripts> {
  const known = bundles.get(peer) ?? bundle(peer)
  bundles.set(peer, known)
  return known
}

async function bundle(peer: string): Promise<Scripts> {
  const worker = path(`test/field-notes/peers/${peer}-worker.ts`)
  const scripts = new Map([['/page.js', await bundleFile(path(`test/field-notes/peers/${peer}.ts`))]])
  if (existsSync(worker)) scripts.set('/worker.js', await bundleFile(worker))
  return scripts
}

async function bundleFile(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    // Not a module: its first turn is over when the page's script is, and service workers can be no modules everywhere.
    format: 'iife',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [fromSource],
  })
  return outputFiles.map(({ text }) => text).join('\n')
}

/** Each entry point as it is built from: what `exports` has in `dist`, in `src`. */
const fromSource: Plugin = {
  name: 'from-source',
  setup(building) {
    building.onResolve({ filter: /^holdfast(\/|$)/ }, ({ path: specifier }) => {
      const target: unknown = Reflect.get(packageJson.exports, `.${specifier.slice('holdfast'.length)}`)
      const built: unknown = Reflect.get(Object(target), 'default')
      if (typeof built !== 'string') return { errors: [{ text: `there is no entry point ${specifier}` }] }
      return { path: path(built.replace('./dist/', 'src/').replace(/\.js$/, '.ts')) }
    })
  },
}
