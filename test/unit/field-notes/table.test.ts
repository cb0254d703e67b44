import { expect, test } from 'vitest'
import { broke, notSaid, survived, survivedThough } from '../../field-notes/contract.ts'
import { asMarkdown, asText, type Row } from '../../field-notes/table.ts'

const rows: Row[] = [
  { note: { number: 1, name: 'It is lost' }, cells: [survived, broke('lost')] },
  { note: { number: 2, name: 'It is told twice' }, cells: [survivedThough('put again'), broke('lost')] },
  {
    note: { number: 3, name: 'It has no keys' },
    cells: [{ is: 'error', because: 'the browser is gone' }, notSaid('no keys')],
  },
]

test('the table has one word per cell, and a footnote for each reason', () => {
  expect(asMarkdown(['ours', 'theirs'], rows).split('\n')).toEqual([
    '| | ours | theirs |',
    '|---|---|---|',
    '| 1. It is lost | survived | **broke** <sup>1</sup> |',
    '| 2. It is told twice | survived <sup>2</sup> | **broke** <sup>1</sup> |',
    '| 3. It has no keys | error | – <sup>3</sup> |',
    '',
    '<sup>1</sup> lost · <sup>2</sup> put again · <sup>3</sup> no keys',
  ])
})

test('so it has in a terminal', () => {
  expect(asText(['ours', 'theirs'], rows).split('\n')).toEqual([
    '   ours          theirs',
    '1  survived      broke (1)  It is lost',
    '2  survived (2)  broke (1)  It is told twice',
    '3  error         – (3)      It has no keys',
    '',
    '(1) lost',
    '(2) put again',
    '(3) no keys',
  ])
})
