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

/** What stands under the table, by its number. */
function footnotes(): ReadonlyMap<string, string> {
  const [, table = ''] = readme.split(`${head}\n`)
  const [, text = ''] = table.split('\n\n')
  const each = text.replaceAll('\n', ' ').split(' · ')
  return new Map(each.map((line) => [line.split(' ', 1).join(), line.split(' ').slice(1).join(' ')]))
}

test('what cannot be said of a queue has the reason that its note gives, and all else was played', () => {
  const reasons = footnotes()
  for (const [index, [, name, ...cells]] of rows().slice(1).entries()) {
    const printed = peers.map((_, column) => {
      const [mark, footnote = ''] = cells[column]?.split(' ') ?? []
      return mark === '–' ? (reasons.get(footnote) ?? `no footnote ${footnote}`) : undefined
    })
    expect(printed, name).toEqual(peers.map((peer) => notes[index]?.unsaid?.(peer)))
  }
})

test('each footnote is of some cell, and each cell that did not survive has one', () => {
  const marks = rows()
    .slice(1)
    .flatMap(([, , ...cells]) => cells.filter((cell) => cell !== '' && cell !== 'survived'))
    .map((cell) => cell.split(' ')[1] ?? cell)
  expect([...new Set(marks)]).toEqual([...footnotes().keys()])
})

test('it says of Holdfast what the notes are tested for', () => {
  for (const [, note, holdfast] of rows().slice(1)) expect(holdfast, note).toBe('survived')
})

test('there is one table, and one set of footnotes', () => {
  const [, section = ''] = readme.split('## What broke other queues')
  expect(section.split('\n## ')[0]?.match(/^<sup>1<\/sup>/gm)).toHaveLength(1)
})
