import { describe, expect, test } from 'vitest'
import { decideCancel } from '../../../src/machine/operate.ts'
import { decideUnclaim } from '../../../src/machine/settle.ts'
import { claim, createHarness, enqueue, type Harness, holderOf } from './harness.ts'

function running(): Harness {
  const harness = createHarness()
  enqueue(harness, 'j', { once: true })
  claim(harness)
  return harness
}

const unclaim = (harness: Harness, waitMs = 0): void => {
  const holder = holderOf(harness, 'j')
  harness.decide((state, deciding) => decideUnclaim(state, holder, waitMs, deciding))
}

describe('a claim that came to nothing', () => {
  test('gives the job back uncharged, also one that may run only once: it never ran', () => {
    const harness = running()
    unclaim(harness, 500)
    expect(harness.job('j')).toMatchObject({ state: 'pending', errors: 0, waitMs: 500 })
    expect(harness.job('j').releases).toBeUndefined()
    expect(claim(harness)).toEqual([])
    harness.advance(500)
    expect(claim(harness)).toEqual(['j'])
  })

  test('cancels a job whose cancellation was asked for', () => {
    const harness = running()
    harness.decide((state, deciding) => decideCancel(state, 'j', deciding))
    unclaim(harness)
    expect(harness.job('j').state).toBe('cancelled')
  })
})
