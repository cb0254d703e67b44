import { describe, expect, test } from 'vitest'
import { backoffMs, defaultRetry, finiteMs, type RetryPolicy } from '../../../src/machine/backoff.ts'

const policy = (given: Partial<RetryPolicy>): RetryPolicy => ({ ...defaultRetry, ...given })

describe('backoff', () => {
  test('is anything up to the doubled base, by default', () => {
    expect(backoffMs(defaultRetry, 1, 0.5)).toBe(500)
    expect(backoffMs(defaultRetry, 4, 0.5)).toBe(4_000)
    expect(backoffMs(defaultRetry, 4, 0)).toBe(0)
  })

  test('never exceeds its cap, which is six hours by default', () => {
    expect(backoffMs(defaultRetry, 500, 0.999)).toBeLessThan(6 * 3_600_000)
    expect(backoffMs(policy({ capMs: 70, backoff: 'fixed' }), 1, 0)).toBe(70)
  })

  test('is never shorter than minMs', () => {
    expect(backoffMs(policy({ minMs: 300 }), 1, 0)).toBe(300)
  })

  test('fixed waits the base, and linear the base for each error', () => {
    expect(backoffMs(policy({ backoff: 'fixed' }), 7, 0.1)).toBe(1_000)
    expect(backoffMs(policy({ backoff: 'linear' }), 7, 0.1)).toBe(7_000)
  })

  test('a function says how long, and counts as the cap when it says nothing sensible', () => {
    expect(backoffMs(policy({ backoff: (errors) => errors * 10 }), 3, 0.1)).toBe(30)
    expect(backoffMs(policy({ backoff: () => Number.NaN, capMs: 50 }), 3, 0.1)).toBe(50)
    expect(backoffMs(policy({ backoff: () => -1, capMs: 50 }), 3, 0.1)).toBe(50)
  })

  test('is a whole number of milliseconds that an entry can carry, even without a cap', () => {
    const endless = policy({ capMs: Number.POSITIVE_INFINITY })
    expect(Number.isSafeInteger(backoffMs(endless, 5_000, 0.7))).toBe(true)
    expect(backoffMs(endless, 5_000, 0)).toBe(0)
    expect(Number.isSafeInteger(Date.UTC(2100, 0) + finiteMs(Number.POSITIVE_INFINITY))).toBe(true)
  })
})
