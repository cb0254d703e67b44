/** Measures what each entry point costs, and holds it and the README to it. Needs a build. `--write` has the README say
 * what is measured. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Entry {
  /** As the README's table has it. */
  readonly name: string
  readonly budget: number
  readonly source: string
  /** Never in one bundle with a page's queue, as on a server or in tests: only what it costs alone counts. */
  readonly isApart?: true
}

const queue = `export { createQueue, memoryStore, indexedDbStore } from './dist/index.js'`
const all = (file: string): string => `export * from './dist/${file}'`

const entries: readonly Entry[] = [
  { name: 'createQueue, both stores', budget: 47_200, source: queue },
  { name: 'holdfast/http', budget: 4_000, source: all('http/index.js') },
  { name: 'holdfast/http/tus', budget: 4_000, source: all('http/tus/index.js') },
  { name: 'holdfast/http/upload', budget: 1_000, source: all('http/upload/index.js') },
  { name: 'holdfast/page', budget: 4_000, source: all('host/page/index.js') },
  { name: 'holdfast/service-worker', budget: 4_000, source: all('host/service-worker/index.js') },
  { name: 'holdfast/sqlite', budget: 9_000, source: all('sqlite/index.js') },
  {
    name: 'holdfast/cloudflare, no store',
    budget: 4_000,
    source: `export { attach, shardOf, shardStub, shardStubs, sumInfo } from './dist/host/cloudflare/index.js'`,
  },
  {
    name: 'holdfast/cloudflare, the store',
    budget: 9_000,
    source: `export { durableObjectStore } from './dist/host/cloudflare/index.js'`,
  },
  { name: 'holdfast/idempotent', budget: 4_000, source: all('idempotent/index.js'), isApart: true },
  { name: 'holdfast/idempotent/sqlite', budget: 4_000, source: all('idempotent/sqlite.js'), isApart: true },
  { name: 'holdfast/idempotent/d1', budget: 4_000, source: all('idempotent/d1.js'), isApart: true },
  { name: 'holdfast/receiver', budget: 4_000, source: all('receiver/index.js'), isApart: true },
  { name: 'holdfast/receiver/sqlite', budget: 1_500, source: all('receiver/sqlite.js'), isApart: true },
  { name: 'holdfast/receiver/d1', budget: 1_500, source: all('receiver/d1.js'), isApart: true },
  { name: 'holdfast/testing', budget: 78_000, source: all('testing/index.js'), isApart: true },
]

/** What everything that the source pulls in comes to: minified by room, compressed as a whole. */
async function bundle(source: string): Promise<{ bytes: number; rooms: Map<string, number> }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    metafile: true,
    outfile: 'bundle.js',
    platform: 'browser',
    target: 'es2022',
  })
  const [file] = outputFiles
  if (!file) throw new Error('esbuild wrote nothing')
  const rooms = new Map<string, number>()
  for (const [path, { bytesInOutput }] of Object.entries(metafile.outputs['bundle.js']?.inputs ?? {})) {
    const room = /^(?:dist|node_modules)\/([\w-]+)/.exec(path)?.[1] ?? path
    rooms.set(room, (rooms.get(room) ?? 0) + bytesInOutput)
  }
  return { bytes: brotliCompressSync(file.contents).byteLength, rooms }
}

const readme = `${root}README.md`
const inKilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`

/** Figures that the README states in a line of its own. */
interface Claim {
  readonly line: RegExp
  readonly figures: readonly number[]
}

function faultIn(text: string, { line, figures }: Claim): string[] {
  const stated = line.exec(text)?.[0].match(/\d+\.\d+(?= kB)/g) ?? []
  // What an entry adds to another is a difference of two that are compressed: it moves whenever either does.
  const isRight = (bytes: number, index: number): boolean =>
    Math.abs(Number(stated[index]) - bytes / 1000) <= (index === 0 ? 0.1 : 0.3)
  if (stated.length === figures.length && figures.every(isRight)) return []
  return [
    `README.md states ${stated.join(', ') || 'no'} kB in ${line}: measured ${figures.map(inKilobytes).join(', ')}`,
  ]
}

function write(text: string, { line, figures }: Claim): string {
  const left = [...figures]
  return text.replace(line, (found) => found.replace(/\d+\.\d+ kB/g, () => inKilobytes(left.shift() ?? 0)))
}

const faults: string[] = []
const claims: Claim[] = []
const core = await bundle(queue)
for (const { name, budget, source, isApart } of entries) {
  const { bytes } = await bundle(source)
  const isAlone = source === queue || isApart
  const added = isAlone ? [] : [(await bundle(`${queue}\n${source}`)).bytes - core.bytes]
  const beside = added.map((more) => `, ${more} beside createQueue`).join('')
  console.log(`${name.padEnd(31)}${String(bytes).padStart(7)} of ${budget} bytes${beside}`)
  if (bytes > budget) faults.push(`${name} is over its budget: ${bytes} of ${budget} bytes`)
  claims.push({ line: new RegExp(`^\\| ${name} \\|.*$`, 'm'), figures: [bytes, ...added] })
}
claims.push({ line: /^.*$/m, figures: [core.bytes] })
const rooms = [...core.rooms].filter(([, bytes]) => bytes >= 500).sort(([, one], [, other]) => other - one)
console.log(
  `\ncreateQueue, not compressed: ${rooms.map(([room, bytes]) => `${room} ${inKilobytes(bytes)}`).join(', ')}`,
)

if (process.argv.includes('--write'))
  writeFileSync(readme, claims.reduce(write, readFileSync(readme, 'utf8')))
const text = readFileSync(readme, 'utf8')
faults.push(...claims.flatMap((claim) => faultIn(text, claim)))
for (const fault of faults) console.error(fault)
process.exitCode = faults.length > 0 ? 1 : 0
