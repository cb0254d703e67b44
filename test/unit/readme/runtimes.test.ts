import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { encode } from '../../../src/store/encoding.ts'
import { cellsOf, isTested, runtimeNames, storeNames } from '../../runtime/matrix.ts'
import { engineNames } from '../../tools/engines.ts'

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8')
const readme = read('README.md')

/** The rows of the table that begins with this cell, its head first, as plain text. */
function table(first: string): string[][] {
  const begin = readme.indexOf(`\n| ${first} |`) + 1
  expect(begin, first).toBeGreaterThan(0)
  const lines = readme.slice(begin).split('\n')
  const end = lines.findIndex((line) => !line.startsWith('|'))
  const rows = lines.slice(0, end).filter((line) => !/^[|-]+$/.test(line))
  return rows.map((line) => line.split('|').map((cell) => cell.replaceAll('`', '').trim()))
}

test('the table of stores and runtimes is that which is tested', () => {
  const cell = (is: boolean) => (is ? 'tested' : '–')
  expect(table('store')).toEqual([
    ['', 'store', ...runtimeNames, ''],
    ...storeNames.map((store) => [
      ...['', store],
      ...runtimeNames.map((runtime) => cell(isTested({ store, runtime }))),
      '',
    ]),
  ])
})

test('what the table leaves to the engines, they run', () => {
  const suites = { 'memoryStore()': 'behaviour, memory', 'indexedDbStore()': 'behaviour, IndexedDB' }
  const plan = read('test/engines/plan.ts')
  const planned = Object.entries(suites).filter(([, suite]) => plan.includes(`  inPage('${suite}'),`))
  const engines = engineNames.filter((name) => name !== 'chromium')
  const run = planned.flatMap(([store]) => engines.map((engine) => `${engine} ${store}`))
  const claimed = cellsOf('engine').map(({ store, runtime }) => `${runtime.toLowerCase()} ${store}`)
  expect(claimed.sort()).toEqual(run.sort())
})

test('the table of the encoding has everything that is written, with its fields', () => {
  const cyclic: unknown[] = []
  cyclic.push(cyclic)
  const values: unknown[] = [undefined, -0, 1n, new Date(0), /a/, new Map(), new Set(), new ArrayBuffer(1)]
  values.push(new Error('a', { cause: 1 }), new Uint8Array(1), new Blob(['']), new File([], 'a'))
  values.push(new Array(1), { $: 1 }, cyclic)
  const { text } = encode(values, () => new Uint8Array())
  const written = marks(JSON.parse(text))
  const rows = table('`$`').slice(1)
  expect(written.size).toBe(rows.length)
  for (const [kind, fields] of written) {
    const row = rows.find(([, name]) => name?.split(',')[0] === kind)
    for (const field of fields) expect(row?.[2], `${kind}, ${field}`).toMatch(new RegExp(`\\b${field}\\b`))
  }
})

/** What each `$` of a document has beside it. */
function marks(value: unknown, found: Map<string, string[]> = new Map()): Map<string, string[]> {
  if (typeof value !== 'object' || value === null) return found
  const { $: kind, ...fields } = value as Record<string, unknown>
  if (typeof kind === 'string') found.set(kind, Object.keys(fields))
  for (const each of Object.values(value)) marks(each, found)
  return found
}
