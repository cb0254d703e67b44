import { expect, test } from 'vitest'
import { judgeOrder } from '../../soak/oracle/order.ts'
import { type Story, story } from './story.ts'

/** Two enqueues of one key; the first resolved at 10, and the second was called at the given instant. */
function enqueued(askedAt: number, keyed: { readonly key?: string } = { key: 'a key' }): Story {
  const told = story()
  told.enqueue('first', { ...keyed, askedAt: 5, at: 10 })
  told.enqueue('second', { ...keyed, by: 'tab-2', askedAt, at: askedAt + 5 })
  return told
}

test('jobs of a key that take effect as they were enqueued are nothing to find', () => {
  const told = enqueued(20)
  told.deliver('first', { at: 30 })
  told.deliver('second', { at: 40 })
  expect(judgeOrder(told.evidence)).toEqual([])
})

test('a job that overtakes one of its key is found', () => {
  const told = enqueued(20)
  told.deliver('second', { at: 30 })
  told.deliver('first', { at: 40 })
  expect(judgeOrder(told.evidence)).toEqual(['key a key: job second overtook first, enqueued before it'])
})

test('one of several that overtakes is found, however the others stand', () => {
  const told = enqueued(20)
  told.enqueue('between', { key: 'a key', askedAt: 8, at: 14 })
  told.deliver('second', { at: 30 })
  told.deliver('between', { at: 40 })
  told.deliver('first', { at: 50 })
  expect(judgeOrder(told.evidence)).toHaveLength(2)
})

test('what counts is when a job took effect first', () => {
  const told = enqueued(20)
  told.deliver('first', { at: 30 })
  told.deliver('second', { at: 40 })
  told.deliver('first', { at: 50, epoch: 2 })
  expect(judgeOrder(told.evidence)).toEqual([])
})

test('enqueues of which neither had resolved when the other was called may go either way', () => {
  const told = enqueued(8)
  told.deliver('second', { at: 30 })
  told.deliver('first', { at: 40 })
  expect(judgeOrder(told.evidence)).toEqual([])
})

test('jobs that take effect at the same instant may stand in either order', () => {
  const told = story()
  // The driver may hear of the second one first: another context tells it.
  told.enqueue('second', { key: 'a key', by: 'tab-2', askedAt: 20, at: 25 })
  told.enqueue('first', { key: 'a key', askedAt: 5, at: 10 })
  told.deliver('second', { at: 30 })
  told.deliver('first', { at: 30 })
  expect(judgeOrder(told.evidence)).toEqual([])
})

test('without a key there is no order', () => {
  const told = enqueued(20, {})
  told.deliver('second', { at: 30 })
  told.deliver('first', { at: 40 })
  expect(judgeOrder(told.evidence)).toEqual([])
})
