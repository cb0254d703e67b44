import { describe, expect, test } from 'vitest'
import { simulate, simulateMany } from '../../src/testing/simulator.ts'

describe('a schedule', () => {
  test.each([3, 42, 1_000, 4_294_967_295])('of seed %i is the same each time', async (seed) => {
    const lines: string[] = []
    const first = await simulate({ seed, steps: 200, onTrace: (line) => lines.push(line) })
    const again: string[] = []
    const second = await simulate({ seed, steps: 200, onTrace: (line) => again.push(line) })
    expect(again).toEqual(lines)
    expect(second).toEqual(first)
  })

  test('of another seed is another', async () => {
    const [one, other] = [await simulate({ seed: 1 }), await simulate({ seed: 2 })]
    expect(other.hash).not.toBe(one.hash)
  })

  test('takes as many steps among faults as it is told, and more until everything has come home', async () => {
    const { steps, counts } = await simulate({ seed: 11, steps: 300 })
    expect(steps).toBeGreaterThan(300)
    expect(counts['log: enqueued']).toBeGreaterThan(0)
  })

  test('is refused for a seed or a number of steps that is none', async () => {
    await expect(simulate({ seed: -1 })).rejects.toThrow(RangeError)
    await expect(simulate({ seed: 1, steps: 0.5 })).rejects.toThrow('steps is 0.5')
  })
})

describe('many schedules', () => {
  test('add up what each of them met', async () => {
    const { schedules, counts, failure, missing } = await simulateMany({ from: 20, count: 3, steps: 50 })
    const each = [await simulate({ seed: 20, steps: 50 }), await simulate({ seed: 21, steps: 50 })]
    const last = await simulate({ seed: 22, steps: 50 })
    const enqueued = [...each, last].reduce((sum, report) => sum + (report.counts['log: enqueued'] ?? 0), 0)
    expect({ schedules, failure }).toEqual({ schedules: 3, failure: undefined })
    expect(counts['log: enqueued']).toBe(enqueued)
    expect(missing).toContain('log: forked')
  })
})
