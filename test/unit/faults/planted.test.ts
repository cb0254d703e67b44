import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { faults } from '../../faults/faults.ts'
import { noteFaults } from '../../faults/notes.ts'

// Those of the field notes are planted seldom: what they replace may be gone long before anybody notices.
it.each([...faults, ...noteFaults])('$name: can still be planted', ({ file, from }) => {
  const source = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')
  expect(source.split(from)).toHaveLength(2)
})

it('there is a fault for each field note', () => {
  const numbers = noteFaults.map(({ caughtBy }) => caughtBy !== 'simulator' && caughtBy.test.split('.', 1)[0])
  expect(new Set(numbers).size).toBe(30)
})
