import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'

const dayMs = 86_400_000

describe('the platform’s clock', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** Sets a timer, and tells on which day it goes off; `undefined` within a year. */
  function dayOf(ms: number, cancelOn?: number): number | undefined {
    let day: number | undefined
    let today = 0
    const cancel = systemClock.setTimer(() => {
      day = today
    }, ms)
    for (today = 0; today < 366; today++) {
      if (today === cancelOn) cancel()
      vi.advanceTimersByTime(dayMs)
    }
    return day
  }

  it('waits longer than the platform’s timers can', () => {
    expect(dayOf(30 * dayMs)).toBe(29)
    expect(dayOf(200 * dayMs)).toBe(199)
  })

  it('waits for ever', () => {
    expect(dayOf(Number.POSITIVE_INFINITY)).toBe(undefined)
    expect(dayOf(-1)).toBe(0)
  })

  it('is cancelled in the midst of a long wait', () => {
    expect(dayOf(60 * dayMs, 40)).toBe(undefined)
    expect(vi.getTimerCount()).toBe(0)
  })
})
