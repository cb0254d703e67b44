import { expect, test } from 'vitest'
import { summary } from '../../soak/summary.ts'

test('the last line of a soak is what its tests came to', () => {
  expect(summary(2, 0, { drops: 0, jobs: 0 })).toBe('2 passed, 0 failed')
})

test('it says how many jobs were waived, and for how many drops of the database', () => {
  expect(summary(2, 0, { drops: 1, jobs: 1 })).toBe(
    '2 passed, 0 failed; waived: 1 job lost with the database, which Chromium says it dropped once',
  )
  expect(summary(1, 1, { drops: 2, jobs: 31 })).toBe(
    '1 passed, 1 failed; waived: 31 jobs lost with the database, which Chromium says it dropped 2 times',
  )
})
