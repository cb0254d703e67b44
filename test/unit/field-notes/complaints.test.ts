import { expect, test } from 'vitest'
import { complaintsOf } from '../../field-notes/complaints.ts'
import { broke, notSaid, survived } from '../../field-notes/contract.ts'
import type { Cell } from '../../field-notes/table.ts'

const note = { number: 1, name: 'It is lost' }
const complaintsAbout = (...cells: readonly Cell[]): string[] =>
  complaintsOf({ titles: ['ours', 'theirs'], rows: [{ note, cells }] }, 'ours')

test('verdicts about others are no complaint, whatever they are', () => {
  expect(complaintsAbout(survived, broke('lost'))).toEqual([])
  expect(complaintsAbout(survived, notSaid('no keys'))).toEqual([])
})

test('an error of the lab is one, about whomever', () => {
  expect(complaintsAbout(survived, { is: 'error', because: 'the browser is gone' })).toEqual([
    'error: 1. It is lost, theirs: the lab failed: the browser is gone',
  ])
})

test('our own queue is to survive', () => {
  expect(complaintsAbout(broke('lost'), survived)).toEqual([
    '1. It is lost, ours is to survive, and is broke: lost',
  ])
  expect(complaintsAbout(notSaid('no keys'), survived)).toEqual([
    '1. It is lost, ours is to survive, and is not said: no keys',
  ])
})
