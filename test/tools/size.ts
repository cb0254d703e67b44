/** Measures what each entry point costs a page, and holds it and the README to it. Needs a build. `--write` has the
 * README say what is measured. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

const entries = [
  {
    name: 'createQueue, both stores',
    budget: 46_500,
    source: `export { createQueue, memoryStore, indexedDbStore } from './dist/index.js'`,
  },
  { name: 'holdfast/http', budget: 4_000, source: `export * from './dist/http/index.js'` },
  { name: 'holdfast/http/tus', budget: 4_000, source: `export * from './dist/http/tus/index.js'` },
  { name: 'holdfast/http/upload', budget: 1_000, source: `export * from './dist/http/upload/index.js'` },
  { name: 'holdfast/page', budget: 4_000, source: `export * from './dist/host/page/index.js'` },
  {
    name: 'holdfast/service-worker',
    budget: 4_000,
    source: `export * from './dist/host/service-worker/index.js'`,
  },
  { name: 'holdfast/sqlite', budget: 9_000, source: `export * from './dist/sqlite/index.js'` },
  {
    name: 'holdfast/cloudflare, no store',
    budget: 4_000,
    source: `export { attach, shardOf, shardStub, shardStubs, sumInfo } from './dist/host/cloudflare/index.js'`,
  },
  {
    name: 'durableObjectStore',
    budget: 9_000,
    source: `export { durableObjectStore } from './dist/host/cloudflare/index.js'`,
  },
  { name: 'holdfast/idempotent', budget: 4_000, source: `export * from './dist/idempotent/index.js'` },
  {
    name: 'holdfast/idempotent/sqlite',
    budget: 4_000,
    source: `export * from './dist/idempotent/sqlite.js'`,
  },
  { name: 'holdfast/idempotent/d1', budget: 4_000, source: `export * from './dist/idempotent/d1.js'` },
  { name: 'holdfast/receiver', budget: 4_000, source: `export * from './dist/receiver/index.js'` },
  { name: 'holdfast/receiver/sqlite', budget: 1_500, source: `export * from './dist/receiver/sqlite.js'` },
  { name: 'holdfast/receiver/d1', budget: 1_500, source: `export * from './dist/receiver/d1.js'` },
]

/** Bytes of everything the source pulls in, minified and brotli'd. */
async function measure(source: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  })
  const [file] = outputFiles
  if (!file) throw new Error('esbuild wrote nothing')
  return brotliCompressSync(file.contents).byteLength
}

/** What is wrong with the figure in the README's first line, if anything is. */
function claimFault(bytes: number): string | undefined {
  if (!existsSync(`${root}README.md`)) return undefined
  const kilobytes = bytes / 1000
  const firstLine = readFileSync(`${root}README.md`, 'utf8').split('\n', 1).join()
  const claim = /(\d+(?:\.\d+)?) kB/.exec(firstLine)?.[1]
  if (!claim) return `README.md does not state the size in its first line: ${kilobytes.toFixed(1)} kB`
  if (Math.abs(Number(claim) - kilobytes) <= 0.1) return undefined
  return `README.md states ${claim} kB in its first line: measured ${kilobytes.toFixed(1)} kB`
}

/** `--write`: states the measured figure in the README. */
function writeClaim(bytes: number): void {
  const path = `${root}README.md`
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(/\d+(?:\.\d+)? kB/, `${(bytes / 1000).toFixed(1)} kB`),
  )
}

const faults: string[] = []
for (const [index, { name, budget, source }] of entries.entries()) {
  const bytes = await measure(source)
  if (index === 0 && process.argv.includes('--write')) writeClaim(bytes)
  const claimed = index === 0 ? claimFault(bytes) : undefined
  console.log(`${name.padEnd(26)}${String(bytes).padStart(7)} of ${budget} bytes`)
  if (bytes > budget) faults.push(`${name} is over its budget: ${bytes} of ${budget} bytes`)
  if (claimed) faults.push(claimed)
}
for (const fault of faults) console.error(fault)
process.exitCode = faults.length > 0 ? 1 : 0
