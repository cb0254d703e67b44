import { expect, test } from 'vitest'
import { droppedAt, judgeDrops } from '../../soak/oracle/drops.ts'
import { story } from './story.ts'

test('a database that is made once is nothing to find', () => {
  const { record } = story()
  expect(judgeDrops(record)).toEqual({ findings: [], figures: {} })
  expect(droppedAt(record)).toBe(Number.NEGATIVE_INFINITY)
})

test('a database that is made anew, and Chromium does not say why, is found', () => {
  const told = story()
  told.make(50)
  expect(judgeDrops(told.record).findings).toEqual([
    'the database was made anew 1 times, and the browser does not say why',
  ])
  expect(droppedAt(told.record)).toBe(Number.NEGATIVE_INFINITY)
})

test('one that Chromium says it dropped is counted, and told by the queue', () => {
  const told = story()
  told.make(50, true, 'tab-2')
  told.make(70, true, 'tab-3')
  for (const context of ['tab-2', 'tab-3']) told.tell(context, { type: 'lost' })
  expect(judgeDrops(told.record)).toEqual({
    findings: [],
    figures: { 'databases dropped by Chromium: it was damaged': 2 },
  })
  expect(droppedAt(told.record)).toBe(70)
})

test('a loss that the queue does not tell is found, unless its context died first', () => {
  const told = story()
  told.make(50, true, 'tab-2')
  expect(judgeDrops(told.record).findings).toEqual(['the loss was not told in tab-2: it was damaged'])
  told.record.deadAt.set('tab-2', 51)
  expect(judgeDrops(told.record).findings).toEqual([])
})
