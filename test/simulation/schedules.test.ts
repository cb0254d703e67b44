import { describe, expect, test } from 'vitest'
import { missingFrom } from '../../src/testing/simulator/coverage.ts'
import { simulateMany } from '../../src/testing/simulator.ts'

/** Fixed, so that a run can be repeated; `HOLDFAST_SEED=random` or a number tries others. */
const base = baseSeed(process.env.HOLDFAST_SEED)
const parts = 10
const schedulesEach = 200
const steps = 200

function baseSeed(wanted: string | undefined): number {
  if (wanted === undefined) return 1
  const seed = wanted === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(wanted)
  console.log(`The simulation's base seed is ${seed}`)
  return seed
}

describe(`${parts * schedulesEach} schedules from seed ${base}`, () => {
  const counts: Record<string, number> = {}

  for (let part = 0; part < parts; part++) {
    const from = base + part * schedulesEach
    test(`what must hold, holds in schedules ${from} to ${from + schedulesEach - 1}`, async () => {
      const { failure, ...summary } = await simulateMany({ from, count: schedulesEach, steps })
      for (const [name, times] of Object.entries(summary.counts)) counts[name] = (counts[name] ?? 0) + times
      expect(failure?.message).toBeUndefined()
      expect(summary.schedules).toBe(schedulesEach)
    })
  }

  test('no fault and no transition is missing', () => {
    expect(missingFrom(counts)).toEqual([])
  })
})
