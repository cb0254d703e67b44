import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { blocksOf } from './blocks.ts'
import { openWorkshop, promised } from './workshop.ts'

const blocks = blocksOf(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'README.md')
const workshop = openWorkshop(blocks)

afterAll(() => workshop.remove())

describe("the README's code", () => {
  test('is there', () => {
    expect(blocks.length).toBeGreaterThan(10)
  })

  test('compiles as a project of its own', { timeout: 60_000 }, async () => {
    expect(await workshop.compile()).toBe('')
  })

  for (const block of blocks) {
    if (block.notRun !== undefined) test(`at ${block.at} is only compiled: ${block.notRun}`, () => undefined)
    else {
      test(`at ${block.at} runs, and prints what its comments say`, { timeout: 20_000 }, async () => {
        expect(await workshop.run(block)).toEqual(expect.arrayContaining(promised(block)))
      })
    }
  }
})
