import { describe, expect, it } from 'vitest'
import { manualClock } from '../../../src/testing/manual-clock.ts'
import { lookMs, Schedule } from '../../../src/worker/schedule.ts'

function scheduled() {
  const clock = manualClock()
  const begun = clock.monotonic()
  const fired: number[] = []
  const schedule = new Schedule(clock, () => fired.push(clock.monotonic() - begun))
  return { clock, schedule, fired }
}

describe('the schedule of a worker', () => {
  it('calls back when something is due, and in half a minute at the latest', () => {
    const { clock, schedule, fired } = scheduled()
    schedule.arm(1_000)
    clock.advance(999)
    expect(fired).toEqual([])
    clock.advance(1)
    expect(fired).toEqual([1_000])
    schedule.arm(Number.POSITIVE_INFINITY)
    clock.advance(lookMs)
    expect(fired).toEqual([1_000, 1_000 + lookMs])
    expect(clock.timers).toBe(0)
  })

  it('keeps its timer for what is put off, and calls back when that is due', () => {
    const { clock, schedule, fired } = scheduled()
    schedule.arm(1_000)
    clock.advance(500)
    schedule.arm(1_000)
    clock.advance(500)
    expect(fired).toEqual([])
    expect(clock.timers).toBe(1)
    clock.advance(500)
    expect(fired).toEqual([1_500])
  })

  it('sets it anew for what is due before', () => {
    const { clock, schedule, fired } = scheduled()
    schedule.arm(1_000)
    schedule.arm(100)
    expect(clock.timers).toBe(1)
    clock.advance(100)
    expect(fired).toEqual([100])
  })

  it('pauses between two calls by time alone', () => {
    const { clock, schedule, fired } = scheduled()
    schedule.arm(10)
    clock.advance(10)
    schedule.arm(0)
    clock.advance(19)
    expect(fired).toEqual([10])
    clock.advance(1)
    expect(fired).toEqual([10, 30])
  })

  it('calls back no more once it was stopped', () => {
    const { clock, schedule, fired } = scheduled()
    schedule.arm(10)
    schedule.stop()
    expect(clock.timers).toBe(0)
    clock.advance(lookMs)
    expect(fired).toEqual([])
  })
})
