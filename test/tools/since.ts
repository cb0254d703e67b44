/** Holds `src` to the least versions that the README promises: nothing of the language or the platform may be newer. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'vite'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** These run on servers alone, and may use what Node 22 and workerd have. */
const onServers = /^(receiver|idempotent|sqlite|store\/sqlite|host\/cloudflare)(\/|\.ts$)/

type Versions = readonly [chrome: number, firefox: number, safari: number]

const never = Number.POSITIVE_INFINITY
const sets: Versions = [122, 127, 17]
const bytesAsText: Versions = [140, 133, 18.2]

/** Since when browsers have what is found under its class. */
const statics: Readonly<Record<string, Versions>> = {
  'AbortSignal.any': [116, 124, 17.4],
  'AbortSignal.timeout': [103, 100, 16],
  'Array.fromAsync': [121, 115, 16.4],
  'Atomics.waitAsync': [87, 145, 16.4],
  'Error.isError': [134, 138, 26],
  'Iterator.from': [122, 131, 18.4],
  'Map.groupBy': [117, 119, 17.4],
  'Object.groupBy': [117, 119, 17.4],
  'Promise.try': [128, 134, 18.2],
  'Promise.withResolvers': [119, 121, 17.4],
  'ReadableStream.from': [never, 117, never],
  'RegExp.escape': [136, 134, 18.2],
  'Response.json': [105, 115, 17],
  'URL.canParse': [120, 115, 17],
  'URL.parse': [126, 126, 18],
  'Uint8Array.fromBase64': bytesAsText,
  'Uint8Array.fromHex': bytesAsText,
}

/** Since when they have methods of such a name, whatever they are called on. */
const methods: Readonly<Record<string, Versions>> = {
  difference: sets,
  getAllRecords: [141, never, never],
  getOrInsert: [145, 144, 26.2],
  getOrInsertComputed: [145, 144, 26.2],
  intersection: sets,
  isDisjointFrom: sets,
  isSubsetOf: sets,
  isSupersetOf: sets,
  isWellFormed: [111, 119, 16.4],
  symmetricDifference: sets,
  toBase64: bytesAsText,
  toHex: bytesAsText,
  toReversed: [110, 115, 16],
  toSorted: [110, 115, 16],
  toSpliced: [110, 115, 16],
  toWellFormed: [111, 119, 16.4],
  transferToFixedLength: [114, 122, 17.4],
  union: sets,
}

/** Methods that iterators have had for a shorter time than arrays. */
const ofIterators = /^(drop|every|filter|find|flatMap|forEach|map|reduce|some|take|toArray)$/
const iteratorHelpers: Versions = [122, 131, 18.4]

const unicodeSets: Versions = [112, 116, 17]

interface Use {
  readonly what: string
  readonly versions: Versions
}

/** A node of the syntax tree, or any value in it. */
interface Node {
  readonly [name: string]: unknown
}

const node = (value: unknown): Node => Object(value)

function useOf(given: Node): Use | undefined {
  const { type, object, property, callee, regex } = given
  if (type === 'MemberExpression' && node(object).type === 'Identifier') {
    const what = `${node(object).name}.${node(property).name}`
    const versions = statics[what]
    if (versions) return { what, versions }
  }
  if (type === 'CallExpression' && node(callee).type === 'MemberExpression') return useOfMethod(node(callee))
  if (String(node(regex).flags).includes('v')) return { what: 'the flag v', versions: unicodeSets }
  return undefined
}

function useOfMethod({ object, property }: Node): Use | undefined {
  const name = String(node(property).name)
  const versions = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (versions) return { what: `${name}()`, versions }
  if (!ofIterators.test(name) || !isIterator(node(object))) return undefined
  return { what: `${name}() of an iterator`, versions: iteratorHelpers }
}

/** `Object.values(…)` is told from a map's by what it is given. */
function isIterator({ type, callee, arguments: given }: Node): boolean {
  const { name } = node(node(callee).property)
  const isListing = (name === 'keys' || name === 'values' || name === 'entries') && node(given).length === 0
  return type === 'CallExpression' && (isListing || name === 'matchAll')
}

function* usesIn(value: unknown): Generator<Use & { readonly at: number }> {
  if (typeof value !== 'object' || value === null) return
  const use = useOf(node(value))
  if (use) yield { ...use, at: Number(node(value).start) }
  for (const each of Object.values(value)) yield* usesIn(each)
}

function promised(): Versions {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const found = /least versions are Chrome (\d+), Firefox (\d+), Safari (\d+\.\d+)/.exec(readme)
  if (!found) throw new Error('README.md does not state the least versions of browsers')
  return [Number(found[1]), Number(found[2]), Number(found[3])]
}

const least = promised()
const files = globSync('**/*.ts', { cwd: join(root, 'src') }).filter((file) => !onServers.test(file))
for (const file of files.sort()) {
  const source = readFileSync(join(root, 'src', file), 'utf8')
  for (const { what, versions, at } of usesIn(parseSync(file, source).program)) {
    if (versions.every((version, browser) => version <= Number(least[browser]))) continue
    const line = source.slice(0, at).split('\n').length
    const [chrome, firefox, safari] = versions.map((version) => (version === never ? 'none' : version))
    console.error(
      `src/${file}:${line}: ${what} is newer than the README's least versions: ` +
        `Chrome ${chrome}, Firefox ${firefox}, Safari ${safari}`,
    )
    process.exitCode = 1
  }
}
