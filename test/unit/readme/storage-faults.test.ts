import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { damageCases } from '../../engines/cases/damage.ts'
import { faultCases } from '../../engines/cases/faults.ts'
import { storageCases } from '../../engines/cases/storage.ts'
import { storageFaults } from '../../engines/storage-faults.ts'

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8')

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

test('the table of what storage does is that which is tested', () => {
  expect(table()[0]).toEqual(['what becomes of the storage', 'what you see', 'what goes on', 'what is kept'])
  const told = table()
    .slice(1)
    .map(([fault = '', sees = '']) => ({
      fault,
      // Names of codes, states and reasons; calls and options have other characters.
      seen: [...sees.matchAll(/`([a-z-]+)`/g)].map(([, word]) => word),
    }))
  expect(told).toEqual(Object.entries(storageFaults).map(([fault, { seen }]) => ({ fault, seen })))
})

const cases = { ...faultCases, ...damageCases, ...storageCases }
const sources = ['faults', 'damage', 'storage'].map((name) => read(`test/engines/cases/${name}.ts`))

/** What a case of this name says in a source, but for its name, with the functions of that file which it calls. */
function caseIn(source: string, name: string): string {
  const statements = source.split(/\n(?=(?:test|(?:async )?function |const |export | {2}'))/)
  const own = statements.filter((each) => each.includes(`'${name}'`)).join('')
  const helpers = statements.filter((each) => {
    const [, helper] = /^(?:async )?(?:function|const) (\w+)/.exec(each) ?? []
    return helper !== undefined && new RegExp(`\\b${helper}\\b`).test(own)
  })
  return [own.replace(`'${name}'`, ''), ...helpers].join('')
}

test.each(Object.entries(storageFaults))(
  'where %s, tests show it',
  (_, { seen, engines = [], chromium = {} }) => {
    expect(engines.length + Object.keys(chromium).length).toBeGreaterThan(0)
    expect(Object.keys(cases)).toEqual(expect.arrayContaining([...engines]))
    const inChromium = Object.entries(chromium).map(([file, name]) =>
      caseIn(read(`test/browser/${file}`), name),
    )
    const inEngines = engines.map((name) => sources.map((source) => caseIn(source, name)).join(''))
    for (const shown of [...inChromium, ...inEngines]) expect(shown).not.toBe('')
    const quoted = [...inChromium, ...inEngines].join('').matchAll(/'([\w -]*)'/g)
    const words = [...quoted].flatMap(([, text = '']) => text.split(' '))
    expect(words).toEqual(expect.arrayContaining([...seen]))
  },
)
