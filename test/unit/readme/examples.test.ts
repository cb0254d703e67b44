import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { examplesIn } from './blocks.ts'
import { openWorkshop, promised } from './workshop.ts'

const examples = examplesIn(fileURLToPath(new URL('../../../src', import.meta.url)))
const workshop = openWorkshop(examples)

afterAll(() => workshop.remove())

describe('the example', () => {
  test('of every entry point is there', () => {
    expect(examples.length).toBeGreaterThan(15)
  })

  test('of every public name compiles', { timeout: 60_000 }, async () => {
    expect(await workshop.compile()).toBe('')
  })

  for (const block of examples) {
    if (block.notRun !== undefined) test(`at ${block.at} is only compiled: ${block.notRun}`, () => undefined)
    else {
      test(`at ${block.at} runs, and prints what its comments say`, { timeout: 60_000 }, async () => {
        expect(await workshop.run(block)).toEqual(expect.arrayContaining(promised(block)))
      })
    }
  }
})
