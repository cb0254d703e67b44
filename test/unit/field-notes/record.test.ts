import { describe, expect, it, test } from 'vitest'
import { broke, notSaid, survived, survivedThough } from '../../field-notes/contract.ts'
import { differences, readRecord, rewritten, type Seen } from '../../field-notes/record.ts'
import { asMarkdown, type Cell } from '../../field-notes/table.ts'

const lost = { number: 1, name: 'It is lost' }
const notes = [lost, { number: 2, name: 'It has no keys' }]
const titles = ['ours', 'theirs']

/** What was seen of both notes, with both queues. */
function seen(...cells: readonly (readonly Cell[])[]): Seen {
  return { titles, rows: notes.map((note, index) => ({ note, cells: cells[index] ?? [] })) }
}

const known = seen(
  [survived, broke('lost · or as good as that')],
  [survivedThough('put again'), notSaid('no keys')],
)

/** A README that says so. */
function readmeOf(table: string): string {
  return `# Title\n\n## What broke other queues\n\nThirty cases.\n\n${table}\n\n## What comes next\n\n| | other |\n`
}
const readme = readmeOf(asMarkdown(titles, known.rows))

test('what a table says is read as it was seen', () => {
  const record = readRecord(readme)
  expect(record.titles).toEqual(titles)
  expect([...record.rows]).toEqual([
    ['1. It is lost', known.rows[0]?.cells],
    ['2. It has no keys', known.rows[1]?.cells],
  ])
})

describe('a README cannot be read', () => {
  it.each<[string, string]>([
    ['that has an error in a cell', '| error |'],
    ['that has an error with a footnote', '| error <sup>1</sup> |'],
    ['that does not say why a queue broke', '| **broke** |'],
    ['that does not say why there is nothing to say', '| – |'],
    ['whose footnote is not there', '| **broke** <sup>7</sup> |'],
    ['that has nothing in a cell', '| |'],
  ])('%s', (_, cell) => {
    const spoilt = readme.replace('| **broke** <sup>1</sup> |', () => cell)
    expect(spoilt).not.toBe(readme)
    expect(() => readRecord(spoilt)).toThrow(/^Cannot read the README’s table: ".*" is no verdict/)
  })

  it('that has no such table', () => {
    const message = 'Cannot read the README: there is no table of what broke other queues'
    expect(() => readRecord('# Title')).toThrow(message)
    expect(() => readRecord(readmeOf('No table.'))).toThrow(message)
  })
})

describe('what was seen differs from the README', () => {
  const record = readRecord(readme)

  it('nowhere, where it is the same', () => {
    expect(differences(record, known)).toEqual([])
  })

  it('in the cell that is another, which is named', () => {
    const now = seen([survived, survived], [survivedThough('put again'), notSaid('no keys')])
    expect(differences(record, now)).toEqual([
      '1. It is lost, theirs: README has broke: lost · or as good as that; seen is survived',
    ])
  })

  it('in a cell whose reason is another', () => {
    const now = seen([survived, broke('sent twice')], [survived, notSaid('no keys')])
    expect(differences(record, now)).toEqual([
      '1. It is lost, theirs: README has broke: lost · or as good as that; seen is broke: sent twice',
      '2. It has no keys, ours: README has survived: put again; seen is survived',
    ])
  })

  it('in a cell where the lab failed', () => {
    const now = seen([survived, { is: 'error', because: 'lost' }], known.rows[1]?.cells ?? [])
    expect(differences(record, now)).toEqual([expect.stringContaining('seen is error: lost')])
  })

  it('in a column and in a row that the README does not have', () => {
    expect(
      differences(record, { titles: ['theirs 2.0'], rows: [{ note: lost, cells: [survived] }] }),
    ).toEqual(['1. It is lost, theirs 2.0: README has nothing; seen is survived'])
    expect(
      differences(record, {
        titles: ['ours'],
        rows: [{ note: { number: 1, name: 'It is gone' }, cells: [survived] }],
      }),
    ).toEqual(['1. It is gone, ours: README has nothing; seen is survived'])
  })
})

describe('the README is rewritten', () => {
  it('to itself, where all is as it says', () => {
    expect(rewritten(readme, { titles, notes }, known)).toBe(readme)
  })

  it('with what was seen, and with what it said of all that was not played', () => {
    const now: Seen = { titles: ['theirs'], rows: [{ note: lost, cells: [broke('sent twice')] }] }
    const written = readRecord(rewritten(readme, { titles, notes }, now))
    expect(written.rows.get('1. It is lost')).toEqual([survived, broke('sent twice')])
    expect(written.rows.get('2. It has no keys')).toEqual(known.rows[1]?.cells)
  })

  it('never with an error of the lab, nor with a cell that nobody played', () => {
    const failed = seen(
      [survived, { is: 'error', because: 'the browser is gone' }],
      known.rows[1]?.cells ?? [],
    )
    expect(() => rewritten(readme, { titles, notes }, failed)).toThrow(
      'of 1. It is lost, theirs there is no verdict',
    )
    expect(() => rewritten(readme, { titles: ['ours', 'others'], notes }, { titles, rows: [] })).toThrow(
      'of 1. It is lost, others there is no verdict',
    )
  })
})
