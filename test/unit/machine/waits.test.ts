import { describe, expect, test } from 'vitest'
import { newJournal, Sightings, unwind } from '../../../src/machine/journal.ts'
import { Waits } from '../../../src/machine/waits.ts'

const at = (wall: number, mono: number) => ({ wall, mono })

describe('a wait', () => {
  test('is over when the wall clock says so, though the monotonic clock stood still', () => {
    const waits = new Waits(newJournal())
    waits.start('a', 1_000, 500, 0)
    expect(waits.takeOver(at(999, 0))).toEqual([])
    expect(waits.takeOver(at(1_000, 0))).toEqual(['a'])
    expect(waits.takeOver(at(1_000, 0))).toEqual([])
  })

  test('is over when the monotonic clock ran that long, though the wall clock was set back', () => {
    const waits = new Waits(newJournal())
    waits.start('a', 1_000, 500, 10_000)
    expect(waits.takeOver(at(-5_000, 10_499))).toEqual([])
    expect(waits.takeOver(at(-5_000, 10_500))).toEqual(['a'])
  })

  test('says how long it goes on, and nothing waits for what does not', () => {
    const waits = new Waits(newJournal())
    expect(waits.untilNext(at(0, 0))).toBe(Number.POSITIVE_INFINITY)
    waits.start('a', 1_000, 800, 0)
    waits.start('b', 2_000, 1_800, 0)
    expect(waits.untilNext(at(500, 0))).toBe(500)
    expect(waits.untilOver('b', at(500, 100))).toBe(1_500)
    expect(waits.untilOver('c', at(500, 100))).toBe(0)
    expect(waits.untilNext(at(9_000, 0))).toBe(0)
    expect(waits.isOver('a', at(999, 0))).toBe(false)
    expect(waits.isOver('a', at(1_000, 0))).toBe(true)
    expect(waits.isOver('c', at(0, 0))).toBe(true)
  })

  test('restarted, forgets its earlier instant', () => {
    const waits = new Waits(newJournal())
    waits.start('a', 1_000, 1_000, 0)
    waits.start('a', 2_000, 2_000, 0)
    expect(waits.takeOver(at(1_500, 1_500))).toEqual([])
    expect(waits.size).toBe(1)
    expect(waits.takeOver(at(2_000, 0))).toEqual(['a'])
  })

  test('those of one instant are over in the order they started', () => {
    const waits = new Waits(newJournal())
    for (const key of ['c', 'a', 'b']) waits.start(key, 10, 10, 0)
    expect(waits.takeOver(at(0, 10))).toEqual(['c', 'a', 'b'])
  })

  test('stays exact through thousands of restarts', () => {
    const waits = new Waits(newJournal())
    for (let round = 0; round < 5_000; round++) {
      waits.start('a', round, round, 0)
      waits.start('b', 10_000, 10_000, 0)
      waits.stop('b')
    }
    expect(waits.untilNext(at(0, 0))).toBe(4_999)
    expect(waits.firstOver(at(4_998, 0))).toBeUndefined()
    expect(waits.firstOver(at(4_999, 0))).toBe('a')
  })
})

describe('what a speculation changed', () => {
  const speculate = (change: (waits: Waits, seen: Sightings) => void): [Waits, Sightings] => {
    const journal = newJournal()
    const [waits, seen] = [new Waits(journal), new Sightings(journal)]
    waits.start('a', 1_000, 1_000, 0)
    seen.set('w', 1)
    journal.undo = []
    change(waits, seen)
    unwind(journal, 0)
    journal.undo = undefined
    return [waits, seen]
  }

  test('is as it was: a wait stopped, restarted, or new', () => {
    const [stopped] = speculate((waits) => waits.stop('a'))
    expect(stopped.untilOver('a', at(0, 0))).toBe(1_000)
    expect(stopped.takeOver(at(0, 1_000))).toEqual(['a'])
    const [restarted] = speculate((waits) => waits.start('a', 9_000, 9_000, 0))
    expect(restarted.untilOver('a', at(0, 0))).toBe(1_000)
    const [anew] = speculate((waits) => waits.start('b', 10, 10, 0))
    expect(anew.has('b')).toBe(false)
    expect(anew.untilNext(at(0, 0))).toBe(1_000)
  })

  test('is as it was: a sighting made, forgotten, or overwritten', () => {
    const [, made] = speculate((_, seen) => seen.set('v', 5))
    expect([made.get('w'), made.has('v')]).toEqual([1, false])
    const [, forgotten] = speculate((_, seen) => seen.delete('w'))
    expect(forgotten.get('w')).toBe(1)
    const [, overwritten] = speculate((_, seen) => seen.set('w', 5))
    expect(overwritten.get('w')).toBe(1)
  })

  test('leaves over what has passed: no undoing brings an instant back', () => {
    const [waits] = speculate((each) => each.takeOver(at(1_000, 0)))
    expect(waits.has('a')).toBe(false)
  })

  test('is left alone outside of one', () => {
    const journal = newJournal()
    unwind(journal, 0)
    expect(journal.undo).toBeUndefined()
  })
})
