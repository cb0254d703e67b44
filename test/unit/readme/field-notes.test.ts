import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { loadNotes } from '../../field-notes/notes.ts'
import { peers } from '../../field-notes/peers.ts'

const readme = readFileSync(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'utf8')
const notes = await loadNotes()
const head = `| | ${peers.map(({ title }) => title).join(' | ')} |`

/** The table of the notes, its rows as cells. */
function rows(): string[][] {
  const [, table = ''] = readme.split(`${head}\n`)
  const [lines = ''] = table.split('\n\n')
  return lines.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
}

test('the table of what broke other queues has the peers that are installed', () => {
  expect(readme.split('\n')).toContain(head)
})

test('it has a row for each field note, under its own name', () => {
  const named = notes.map(({ number, name }) => `${number}. ${name}`)
  expect(
    rows()
      .slice(1)
      .map(([, note]) => note),
  ).toEqual(named)
})

test('it says of Holdfast what the notes are tested for', () => {
  for (const [, note, holdfast] of rows().slice(1)) expect(holdfast, note).toBe('survived')
})
