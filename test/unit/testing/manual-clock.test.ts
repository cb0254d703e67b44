import { describe, expect, test } from 'vitest'
import { manualClock } from '../../../src/testing/manual-clock.ts'

describe('a manual clock', () => {
  test('stands still until it is told otherwise', () => {
    const clock = manualClock({ now: 1_000, monotonic: 5 })
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 5])
    clock.advance(10)
    expect([clock.now(), clock.monotonic()]).toEqual([1_010, 15])
  })

  test('lets timers go off on the way, each at its instant, in the order they are due, then set', () => {
    const clock = manualClock({ now: 0 })
    const rang: [string, number, number][] = []
    const ring = (name: string) => () => rang.push([name, clock.now(), clock.monotonic()])
    clock.setTimer(ring('late'), 30)
    clock.setTimer(ring('first'), 10)
    clock.setTimer(ring('second'), 10)
    clock.setTimer(() => clock.setTimer(ring('set on the way'), 5), 12)
    clock.setTimer(ring('not yet'), 31)
    clock.advance(30)
    expect(rang).toEqual([
      ['first', 10, 10],
      ['second', 10, 10],
      ['set on the way', 17, 17],
      ['late', 30, 30],
    ])
    expect([clock.timers, clock.untilNext()]).toEqual([1, 1])
  })

  test('lets a timer be taken back, even by one that is due with it', () => {
    const clock = manualClock()
    const rang: string[] = []
    clock.setTimer(() => {
      rang.push('one')
      takeBack()
    }, 10)
    const takeBack = clock.setTimer(() => rang.push('other'), 10)
    clock.advance(10)
    takeBack()
    expect([rang, clock.timers, clock.untilNext()]).toEqual([['one'], 0, undefined])
  })

  test('has its wall clock set both ways, and no timer notices', () => {
    const clock = manualClock({ now: 1_000 })
    clock.setTimer(() => undefined, 50)
    clock.setWall(10)
    expect([clock.now(), clock.monotonic(), clock.untilNext()]).toEqual([10, 0, 50])
    clock.setWall(9_999_999)
    expect([clock.untilNext(), clock.runDue()]).toEqual([50, false])
  })

  test('leaves to runDue what became due while time passed, one timer a call', () => {
    const clock = manualClock()
    const rang: string[] = []
    clock.setTimer(() => rang.push('two'), 2)
    clock.setTimer(() => rang.push('one'), 1)
    clock.pass(5)
    expect([rang, clock.untilNext()]).toEqual([[], 0])
    expect([clock.runDue(), clock.runDue(), clock.runDue(), rang]).toEqual([
      true,
      true,
      false,
      ['one', 'two'],
    ])
  })

  test('reaches a timer whose instant no sum of steps hits exactly', () => {
    const clock = manualClock({ monotonic: 0.1 })
    let rang = 0
    for (const ms of [10_000 / 3, 0.2, 0.3]) clock.setTimer(() => rang++, ms)
    clock.advance(10_000)
    expect(rang).toBe(3)
  })

  test('never goes back by itself', () => {
    const clock = manualClock()
    expect(() => clock.pass(-1)).toThrow('ms is -1')
    expect(() => clock.advance(Number.NaN)).toThrow(RangeError)
  })
})
