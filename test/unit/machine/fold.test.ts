import { describe, expect, test } from 'vitest'
import { QueueError } from '../../../src/errors.ts'
import { decodeEntry, encodeEvents } from '../../../src/machine/codec.ts'
import type { LogEvent } from '../../../src/machine/events.ts'
import { State } from '../../../src/machine/state.ts'
import { exactly, tablesOf } from './derived.ts'
import { createHarness, enqueue } from './harness.ts'

const dayMs = 24 * 3_600_000

function entry(seq: number, at: number, events: readonly LogEvent[], writer = 'w') {
  return decodeEntry({ seq, id: `${writer}:${seq}`, body: encodeEvents(at, events) })
}

const job = (id: string): LogEvent => ({ type: 'enqueued', id, owner: 'me', kind: 'mail' })

describe('folding', () => {
  test('gives the same tables in every context, whatever its clock', () => {
    const [early, late] = [new State(), new State()]
    late.mono = 10 ** 9
    for (const state of [early, late]) {
      state.apply(
        entry(1, 5, [job('a'), { type: 'held', owner: 'me', kind: 'mail', cause: 'throttled', waitMs: 9 }]),
      )
    }
    expect(tablesOf(late)).toEqual(tablesOf(early))
  })

  test('keeps the highest counter of each writer for a day', () => {
    const state = new State()
    state.apply(entry(1, 0, [job('a')], 'old'))
    state.apply(entry(2, dayMs, [job('b')], 'young'))
    state.apply(entry(3, dayMs, [job('c')], 'young'))
    state.apply(entry(256, dayMs, [job('d')]))
    expect(state.writers.get('old')).toEqual({ counter: 1, at: 0 })
    state.apply(entry(512, dayMs + 1, [job('e')]))
    expect(state.writers.get('old')).toBeUndefined()
    expect(state.writers.get('young')).toEqual({ counter: 3, at: dayMs })
  })

  test('forgets now and then the dedupe keys whose time is over', () => {
    const state = new State()
    const dedupe = (key: string, ms: number) => ({ key, while: [], ms })
    state.apply(entry(1, 0, [{ ...job('a'), dedupe: dedupe('d', 100) } as LogEvent]))
    state.apply(entry(2, 0, [{ ...job('b'), dedupe: dedupe('e', 101) } as LogEvent]))
    state.apply(entry(255, 100, [job('c')]))
    expect(state.slots.size).toBe(2)
    state.apply(entry(256, 100, [job('d')]))
    expect([...state.slots.values()].map(({ id }) => id)).toEqual(['b'])
  })
})

describe('a speculation', () => {
  test('is seen by what is decided later in it, and by nobody after it', () => {
    const state = new State()
    state.apply(entry(1, 5, [job('a')]))
    const size = state.speculate({ wall: 6, mono: 6 }, (emit) => {
      emit(job('b'))
      return state.jobs.size
    })
    expect(size).toBe(2)
    expect(state.jobs.size).toBe(1)
    expect(state.seq).toBe(1)
  })

  test('that is confirmed is what folding its entry would have made', () => {
    const [confirmed, folded] = [new State(), new State()]
    const [first, second] = [entry(1, 5, [job('a')]), entry(2, 6, [job('b'), { type: 'cancelled', id: 'a' }])]
    for (const state of [confirmed, folded]) state.apply(first)
    confirmed.speculate({ wall: 6, mono: 6 }, (emit) => second.events.forEach(emit))
    expect(confirmed.confirm(second)).toBe(true)
    folded.apply(second)
    expect(exactly(confirmed, { wall: 6, mono: 6 })).toEqual(exactly(folded, { wall: 6, mono: 6 }))
    expect(confirmed.seq).toBe(2)
    for (const [mark, pages] of [[1, [0]] as const, [2, []] as const]) {
      expect(confirmed.tables[0]?.changedSince(mark)).toEqual(pages)
    }
  })

  test('cannot be confirmed once somebody has looked, or another entry was folded', () => {
    const state = new State()
    const speculated = entry(1, 5, [job('a')])
    const speculate = (): void =>
      state.speculate({ wall: 5, mono: 5 }, (emit) => speculated.events.forEach(emit))
    expect(state.confirm(speculated)).toBe(false)
    speculate()
    expect(state.jobs.size).toBe(0)
    expect(state.confirm(speculated)).toBe(false)
    speculate()
    state.apply(entry(1, 5, [job('b')], 'other'))
    expect(state.confirm(speculated)).toBe(false)
    expect([...state.jobs.values()].map(({ id }) => id)).toEqual(['b'])
  })

  test('is undone before another', () => {
    const state = new State()
    const speculate = (): void => state.speculate({ wall: 5, mono: 5 }, (emit) => emit(job('a')))
    speculate()
    speculate()
    expect(state.confirm(entry(1, 5, [job('a')]))).toBe(true)
    expect(state.counters.ordinal).toBe(1)
  })

  test('is undone when it throws', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    const fails = (): unknown =>
      harness.decide((_, { emit }) => {
        emit({ type: 'cancelled', id: 'a' })
        throw new QueueError('backlog-full', 'no')
      })
    expect(fails).toThrow('no')
    expect(harness.job('a').state).toBe('pending')
  })

  test('keeps the other decisions when one of them throws half-way', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { key: 'k', waitMs: 50 })
    harness.refuse((state, { emit, now }) => {
      emit({ type: 'enqueued', id: 'b', owner: 'me', kind: 'mail' })
      const between = exactly(state, now)
      const mark = state.mark()
      emit({ type: 'cancelled', id: 'a' })
      emit({ type: 'cancelled', id: 'b' })
      state.rewind(mark)
      expect(exactly(state, now)).toEqual(between)
      expect(state.jobs.size).toBe(2)
    })
    expect(harness.state.jobs.size).toBe(1)
  })

  test('leaves nothing to rewind', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    harness.state.rewind(harness.state.mark())
    expect(harness.state.jobs.size).toBe(1)
  })
})
