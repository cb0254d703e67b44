import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadNotes } from '../../field-notes/notes.ts'
import { holdfast, peers } from '../../field-notes/peers.ts'
import { readRecord, rewritten } from '../../field-notes/record.ts'
import { headingOf } from '../../field-notes/table.ts'
import { source } from '../../tools/from-source.ts'

const readme = readFileSync(source('README.md'), 'utf8')
const notes = await loadNotes()
const titles = peers.map(({ title }) => title)
const record = readRecord(readme)

test('the table of what broke other queues has the peers that are installed', () => {
  expect(record.titles).toEqual(titles)
})

test('it has a row for each field note, under its own name', () => {
  expect([...record.rows.keys()]).toEqual(notes.map(headingOf))
})

test('each cell is a verdict with its reason, as the torture writes them', () => {
  // Whether they are those that it sees, it says itself: it takes minutes, and a browser.
  expect(rewritten(readme, { titles, notes }, { titles, rows: [] })).toBe(readme)
})

test('what cannot be said of a queue has the reason that its note gives, and all else was played', () => {
  for (const note of notes) {
    const cells = record.rows.get(headingOf(note)) ?? []
    const unsaid = cells.map((cell) => (cell.is === 'not said' ? cell.because : undefined))
    expect(unsaid, headingOf(note)).toEqual(peers.map((peer) => note.unsaid?.(peer)))
  }
})

test('it says of Holdfast what the notes are tested for', () => {
  const column = titles.indexOf(holdfast.title)
  for (const [name, cells] of record.rows) expect(cells[column], name).toEqual({ is: 'survived' })
})

test('there is one table, and one set of footnotes', () => {
  const [, section = ''] = readme.split('## What broke other queues')
  expect(section.split('\n## ')[0]?.match(/^<sup>1<\/sup>/gm)).toHaveLength(1)
})
