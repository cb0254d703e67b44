import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Shell } from '../worker/shell.ts'
import { installable } from './manifest.ts'

const html = new URL('../page/index.html', import.meta.url)
const script = new URL('../page/main.ts', import.meta.url)
const styles = new URL('../page/styles.css', import.meta.url)
const worker = new URL('../worker/main.ts', import.meta.url)

/** The site's files by path: the page, what it needs, and its service worker. */
export type SiteFiles = ReadonlyMap<string, string | Uint8Array>

/**
 * Bundles the site. The worker knows all other files and is named for their content: if any of them changes, so does
 * the worker, and browsers notice. A `release` of another name is such a change.
 */
export async function bundleSite(apiUrl: string, release: string): Promise<SiteFiles> {
  const assets = await bundlePage()
  const text = await readFile(html, 'utf8')
  const words: Readonly<Record<string, string>> = {
    api: apiUrl,
    release,
    script: pathOf(assets, '.js'),
    styles: pathOf(assets, '.css'),
  }
  const page = text.replace(/\{(\w+)\}/g, (whole, name: string) => words[name] ?? whole)
  const files = new Map<string, string | Uint8Array>([['/', page], ...assets, ...installable()])
  const shell: Shell = { apiUrl, version: digest(files), files: [...files.keys()] }
  return files.set('/service-worker.js', await bundleWorker(shell))
}

function pathOf(assets: SiteFiles, ending: string): string {
  const path = [...assets.keys()].find((each) => each.endsWith(ending))
  if (path === undefined) throw new Error(`Cannot serve the page: there is no file ${ending}`)
  return path
}

function digest(files: SiteFiles): string {
  const hash = createHash('sha256')
  for (const [path, content] of files) hash.update(`${path}\0`).update(content).update('\0')
  return hash.digest('hex').slice(0, 12)
}

const common = {
  bundle: true,
  outdir: '/',
  target: 'es2022',
  sourcemap: 'inline',
  logLevel: 'warning',
  write: false,
} as const

/** Named for their content, so that a page gets its own ones, or none, whatever release is served by then. */
async function bundlePage(): Promise<Map<string, Uint8Array>> {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [script, styles].map((url) => fileURLToPath(url)),
    entryNames: '[name]-[hash]',
    format: 'esm',
  })
  return new Map(outputFiles.map(({ path, contents }) => [path, contents]))
}

async function bundleWorker(shell: Shell): Promise<string> {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [fileURLToPath(worker)],
    format: 'iife',
    define: { SHELL: JSON.stringify(shell) },
  })
  return outputFiles[0]?.text ?? ''
}
