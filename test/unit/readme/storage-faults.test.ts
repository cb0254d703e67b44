import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { damageCases } from '../../engines/cases/damage.ts'
import { faultCases } from '../../engines/cases/faults.ts'
import { storageCases } from '../../engines/cases/storage.ts'
import { type Shown, storageFaults } from '../../engines/storage-faults.ts'
import { source } from '../../tools/from-source.ts'
import { assertedIn } from './asserted.ts'

const read = (path: string): string => readFileSync(source(path), 'utf8')

/** The rows of the README's table, its head first. */
function table(): string[][] {
  const readme = read('README.md')
  const lines = readme.slice(readme.indexOf('\n| what becomes of the storage |') + 1).split('\n')
  const rows = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('|')),
  )
  return rows
    .filter((line) => !/^[|-]+$/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

test('the table of what storage does has the rows that are tested, and names what the tests assert', () => {
  expect(table()[0]).toEqual(['what becomes of the storage', 'what you see', 'what goes on', 'what is kept'])
  const told = table()
    .slice(1)
    .map(([fault = '', sees = '']) => {
      // Names of codes, states and reasons; calls and options have other characters.
      const names = [...sees.matchAll(/`([a-z-]+)`/g)].map(([, word]) => word)
      return { fault, names: [...new Set(names)].sort() }
    })
  const shown = Object.entries(storageFaults).map(([fault, tests]) => {
    return { fault, names: [...new Set(tests.flatMap(({ asserts }) => asserts))].sort() }
  })
  expect(told).toEqual(shown)
})

const cases = { ...faultCases, ...damageCases, ...storageCases }
const inEngines = ['faults', 'damage', 'storage'].map((name) => `test/engines/cases/${name}.ts`)

const tests = Object.entries(storageFaults).flatMap(([fault, shown]) =>
  shown.map((each): [string, string, Shown] => [fault, each.test, each]),
)

test.each(tests)('where %s, it is asserted: %s', (_, name, { file, asserts }) => {
  if (file === undefined) expect(Object.keys(cases)).toContain(name)
  const paths = file === undefined ? inEngines : [`test/browser/${file}`]
  const asserted = paths.flatMap((path) => assertedIn(read(path), name) ?? [])
  expect(asserted, 'the test of this name').toHaveLength(1)
  for (const word of asserts) expect([...(asserted[0] ?? [])]).toContain(word)
})

test('there is a test for each of them', () => {
  for (const [fault, shown] of Object.entries(storageFaults)) expect(shown, fault).not.toEqual([])
})
