import { existsSync } from 'node:fs'
import { build } from 'esbuild'
import { fromSource, source } from '../../tools/from-source.ts'

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
  const worker = source(`test/field-notes/peers/${peer}-worker.ts`)
  const scripts = new Map([['/page.js', await bundleFile(source(`test/field-notes/peers/${peer}.ts`))]])
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
