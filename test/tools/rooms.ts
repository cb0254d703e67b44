/** The import rule: which room of the house may import which. Reads every import, `import type` included. */
import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * A room is `src/<room>.ts` or everything in `src/<room>/`, and may always import itself. An entry is another
 * room, `<room>:type` for its types alone, or one file of it.
 */
const rooms: Record<string, string[]> = {
  index: ['queue', 'store', 'errors', 'machine:type', 'types:type', 'worker:type', 'http:type', 'sync:type'],
  queue: ['replica', 'worker', 'sync', 'machine', 'store', 'errors', 'types', 'clock', 'report'],
  types: ['machine:type', 'store:type', 'errors:type'],
  errors: [],
  clock: ['types:type'],
  'retry-after': [],
  uncached: [],
  report: [],
  machine: ['errors'],
  store: ['machine:type', 'errors'],
  replica: ['machine', 'store/contract.ts', 'errors', 'types:type'],
  worker: ['machine', 'replica', 'errors', 'types:type'],
  sync: ['machine', 'replica', 'errors', 'types:type', 'retry-after', 'uncached'],
  sqlite: ['store'],
  host: ['store', 'errors', 'clock', 'report', 'types:type', 'machine:type', 'queue:type'],
  receiver: ['sync/wire.ts', 'errors', 'store/sqlite/driver.ts:type'],
  idempotent: ['errors', 'store/sqlite/driver.ts', 'store/sqlite/failure.ts', 'store/sqlite/pause.ts'],
  http: ['types:type', 'machine:type', 'queue:type', 'errors', 'report', 'retry-after', 'uncached'],
  testing: [
    'index',
    'queue',
    'types',
    'errors',
    'machine',
    'store',
    'replica',
    'worker',
    'sync',
    'receiver',
    'http',
  ],
}

/** Packages, and the only files of `src` that may import them. */
const packages: Record<string, RegExp> = {
  idb: /^store\/indexeddb/,
  nanoid: /^(queue|replica)(\/|\.ts$)/,
  'node:sqlite': /^(receiver|idempotent)\/sqlite/,
}

interface Import {
  specifier: string
  typeOnly: boolean
  line: number
}

/** Blanks comments and templates, keeping the lines, so that code in an `@example` is not taken for an import. */
function withoutComments(source: string): string {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g
  return source.replace(token, (text) => (/^['"]/.test(text) ? text : text.replace(/[^\n]/g, ' ')))
}

function importsOf(source: string): Import[] {
  const code = withoutComments(source)
  const statement =
    /\b(?:import|export)\b(\s+type\b)?(?:(?!\b(?:import|export)\b)[^'"`;=()])*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g
  return [...code.matchAll(statement)].map((match) => ({
    specifier: match[2] ?? match[3] ?? '',
    typeOnly: match[1] !== undefined,
    line: code.slice(0, match.index).split('\n').length,
  }))
}

/** `file` is relative to `src`. */
const roomOf = (file: string): string => file.split('/', 1).join().replace(/\.ts$/, '')

function faultInSource(file: string, { specifier, typeOnly }: Import): string | undefined {
  const room = roomOf(file)
  const allowed = rooms[room]
  if (!allowed) return `src/${file} is in no room of the table in test/tools/rooms.ts`
  if (!specifier.startsWith('.')) {
    return packages[specifier]?.test(file) ? undefined : `this file may not import the package ${specifier}`
  }
  const target = posix.join(posix.dirname(file), specifier)
  if (target.startsWith('..')) return `src may not import ${specifier}, which is outside of it`
  const other = roomOf(target)
  if (other === room || allowed.includes(other) || allowed.includes(target)) return undefined
  if (allowed.includes(`${other}:type`) || allowed.includes(`${target}:type`)) {
    return typeOnly ? undefined : `${room} may import types of ${other} only (import type)`
  }
  return `${room} may import ${allowed.join(', ') || 'nothing'}: not ${target}`
}

/** `file` is relative to `demo`. */
function faultInDemo(file: string, { specifier }: Import): string | undefined {
  if (/^(holdfast(\/|$)|node:|esbuild$|miniflare$|@cf-wasm\/photon)/.test(specifier)) return undefined
  const own = specifier.startsWith('.') && !posix.join(posix.dirname(file), specifier).startsWith('..')
  return own
    ? undefined
    : `demo may import holdfast, holdfast/*, node:*, the packages it is run with, and itself: not ${specifier}`
}

function check(folder: string, faultIn: (file: string, found: Import) => string | undefined): string[] {
  const files = globSync('**/*.ts', { cwd: join(root, folder) }).sort()
  return files.flatMap((file) =>
    importsOf(readFileSync(join(root, folder, file), 'utf8')).flatMap((found) => {
      const fault = faultIn(file, found)
      return fault ? [`${folder}/${file}:${found.line}: ${fault}`] : []
    }),
  )
}

const faults = [...check('src', faultInSource), ...check('demo', faultInDemo)]
for (const fault of faults) console.error(fault)
process.exitCode = faults.length > 0 ? 1 : 0
