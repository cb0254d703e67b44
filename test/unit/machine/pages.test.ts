import { expect, test } from 'vitest'
import { list } from '../../../src/machine/query.ts'
import { claim, createHarness, enqueue } from './harness.ts'

const count = 600

test('a list has one order over all its pages, whatever the order in which their jobs changed', () => {
  const harness = createHarness({ bare: true })
  for (let n = 1; n <= count; n++) enqueue(harness, `j${n}`)
  const cancel = (n: number): void =>
    harness.decide((_, { emit }) => emit({ type: 'cancelled', id: `j${n}` }))
  for (const n of [590, 3, 300, 2]) cancel(n)
  claim(harness, { slots: 10 })
  const ordinals = (state?: 'cancelled'): number[] =>
    list(harness.state, 'me', { limit: 1_000, state }, harness.now()).jobs.map(({ ordinal }) => ordinal)
  expect(ordinals('cancelled')).toEqual([2, 3, 300, 590])
  expect(ordinals()).toEqual(Array.from({ length: count }, (_, at) => at + 1))
})

test("a table's pages are numbered in order, although a later one was there first", () => {
  const { state } = createHarness({ bare: true })
  for (const [id, ordinal] of [
    ['late', 600],
    ['early', 1],
  ] as const) {
    const fresh = { state: 'pending', attempt: 0, epoch: 0, errors: 0, revision: 1 } as const
    const times = { enqueuedAt: 0, availableAt: 0, waitMs: 0 }
    state.jobs.put(id, { id, ordinal, order: ordinal, owner: 'me', kind: 'mail', ...fresh, ...times })
  }
  expect(state.jobs.pageNumbers()).toEqual([0, 2])
})
