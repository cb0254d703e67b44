import { describe, expect, test } from 'vitest'
import { decideCancel, decideEdit } from '../../../src/machine/operate.ts'
import * as settle from '../../../src/machine/settle.ts'
import { claim, createHarness, enqueue, type Harness, holderOf, reloaded } from './harness.ts'

const lane = ({ state }: Harness) => {
  const found = state.index.ready.lane('me', 'mail')
  if (found === undefined) throw new Error('nothing was enqueued')
  return found
}

function giveBack(harness: Harness, id: string): void {
  const holder = holderOf(harness, id)
  harness.decide((state, deciding) => settle.decideRelease(state, holder, deciding))
}

describe('what is ready', () => {
  test('does not grow with what went stale', () => {
    const harness = createHarness({ bare: true })
    for (let n = 0; n < 5; n++) enqueue(harness, `j${n}`, { key: `k${n % 2}` })
    for (let round = 0; round < 1_000; round++) {
      for (const id of claim(harness, { slots: 2 })) giveBack(harness, id)
      harness.decide((state, deciding) => decideEdit(state, 'j4', { payload: String(round) }, deciding))
      harness.refuse((state, deciding) => decideCancel(state, 'j3', deciding))
    }
    expect(lane(harness).ready.size).toBeLessThan(100)
    expect(claim(harness)).toEqual(['j0', 'j1'])
  })

  test('is the same in a state that was loaded', () => {
    const harness = createHarness()
    for (const id of ['a', 'b', 'c']) enqueue(harness, id, id === 'c' ? {} : { key: 'k' })
    const { ready } = reloaded(harness).index
    const loaded = ready.lane('me', 'mail')
    expect(loaded && ready.peek(loaded)?.id).toBe('a')
    expect(loaded?.counts.pending).toBe(3)
  })

  test('has the oldest waiting job, also as jobs come back and others finish', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    const oldest = (): string | undefined => harness.state.index.oldest('me')?.id
    expect(oldest()).toBe('a')
    claim(harness, { slots: 1 })
    expect(oldest()).toBe('b')
    giveBack(harness, 'a')
    expect(oldest()).toBe('a')
    for (const id of ['a', 'b']) harness.decide((state, deciding) => decideCancel(state, id, deciding))
    expect(oldest()).toBeUndefined()
  })

  test('has the oldest waiting job through hundreds of edits of others', () => {
    const harness = createHarness({ bare: true })
    enqueue(harness, 'first', { waitMs: 10 ** 9 })
    enqueue(harness, 'j')
    expect(harness.state.index.oldest('me')?.id).toBe('first')
    for (let round = 0; round < 200; round++) {
      harness.decide((state, deciding) => decideEdit(state, 'j', { payload: String(round) }, deciding))
    }
    expect(harness.state.index.oldest('me')?.id).toBe('first')
    harness.decide((state, deciding) => decideCancel(state, 'first', deciding))
    expect(harness.state.index.oldest('me')?.payload).toBe('199')
  })
})
