import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

let bundled: Promise<string> | undefined

/** The script of the page under test, with the library in it, bundled once a process. */
export function bundleApp(): Promise<string> {
  bundled ??= bundle()
  return bundled
}

async function bundle(): Promise<string> {
  const source = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [source('test/browser/support/app.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    sourcemap: 'inline',
    alias: { holdfast: source('src/index.ts'), 'holdfast/http': source('src/http/index.ts') },
  })
  return outputFiles.map((file) => file.text).join('\n')
}
