import { describe, expect, it } from 'vitest'
import { Alarm } from '../../../src/replica/alarm.ts'
import { manualClock } from '../../../src/testing/manual-clock.ts'

function alarmed() {
  const clock = manualClock()
  const begun = clock.monotonic()
  const rung: number[] = []
  let made = 0
  const counted = {
    ...clock,
    setTimer(callback: () => void, ms: number) {
      made += 1
      return clock.setTimer(callback, ms)
    },
  }
  const alarm = new Alarm(counted, () => rung.push(clock.monotonic() - begun))
  const setIn = (ms: number) => alarm.set(clock.monotonic() + ms)
  return { clock, alarm, rung, setIn, made: () => made }
}

describe('an alarm', () => {
  it('rings once, when it was last set to, and leaves no timer', () => {
    const { clock, rung, setIn } = alarmed()
    setIn(50)
    setIn(200)
    setIn(100)
    clock.advance(1_000)
    expect(rung).toEqual([100])
    expect(clock.timers).toBe(0)
  })

  it('makes one timer for what is put off again and again before it fires', () => {
    const { clock, rung, setIn, made } = alarmed()
    for (let times = 0; times < 99; times += 1) {
      setIn(100)
      clock.advance(1)
    }
    expect(made()).toBe(1)
    clock.advance(99)
    expect(rung).toEqual([198])
    expect(made()).toBe(2)
  })

  it('rings at the next turn for what is past', () => {
    const { clock, rung, setIn } = alarmed()
    setIn(-5)
    expect(rung).toEqual([])
    clock.advance(0)
    expect(rung).toEqual([0])
  })

  it('is not put off by those who ask again for what is long past', () => {
    const { clock, rung, setIn, made } = alarmed()
    setIn(-5_000)
    setIn(-5_000)
    setIn(-5_000)
    expect(made()).toBe(1)
    clock.advance(0)
    expect(rung).toEqual([0])
  })

  it('does not ring once it was stopped, and can be set again', () => {
    const { clock, alarm, rung, setIn } = alarmed()
    setIn(10)
    alarm.stop()
    clock.advance(100)
    expect(rung).toEqual([])
    setIn(10)
    clock.advance(10)
    expect(rung).toEqual([110])
  })

  it('makes another timer for one that was lost', () => {
    const clock = manualClock()
    const rung: number[] = []
    let isLossy = true
    const lossy = {
      ...clock,
      setTimer: (callback: () => void, ms: number) =>
        clock.setTimer(isLossy ? () => undefined : callback, ms),
    }
    const alarm = new Alarm(lossy, () => rung.push(clock.monotonic()))
    const setIn = (ms: number) => alarm.set(clock.monotonic() + ms)
    setIn(10)
    clock.pass(1_000)
    isLossy = false
    setIn(10)
    expect(clock.timers).toBe(1)
    clock.advance(11)
    expect(rung).toEqual([])
    setIn(10)
    clock.advance(10)
    expect(rung).toEqual([1_021])
  })
})
