import { describe, expect, test } from 'vitest'
import { decidePause } from '../../../src/machine/operate.ts'
import { owesJobs } from '../../../src/machine/owed.ts'
import * as settle from '../../../src/machine/settle.ts'
import { claim, createHarness, enqueue, type Harness, holderOf, retry } from './harness.ts'

const owes = (harness: Harness, isOfKind: (kind: string) => boolean = () => true, owner = 'me'): boolean =>
  owesJobs(harness.state, owner, isOfKind, harness.now())

function fail(harness: Harness, id: string, verdict: settle.Judged, deadBlocks = false): void {
  const policy = { retry, deadBlocks, random: 0.5 }
  harness.decide((state, deciding) =>
    settle.decideFailure(
      state,
      holderOf(harness, id),
      { name: 'Error', message: 'no' },
      verdict,
      policy,
      deciding,
    ),
  )
}

describe('an owner is owed jobs', () => {
  test('that are due, or run, of the kinds asked for, and no others', () => {
    const harness = createHarness()
    expect(owes(harness)).toBe(false)
    enqueue(harness, 'a')
    expect(owes(harness)).toBe(true)
    expect(owes(harness, (kind) => kind === 'photo')).toBe(false)
    expect(owes(harness, () => true, 'you')).toBe(false)
    claim(harness, { slots: 1 })
    expect(owes(harness)).toBe(true)
    harness.decide((state, deciding) =>
      settle.decideComplete(state, holderOf(harness, 'a'), undefined, deciding),
    )
    expect(owes(harness)).toBe(false)
  })

  test('that back off after a failure, and not those that are only delayed or snoozed', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { waitMs: 50 })
    expect(owes(harness)).toBe(false)
    harness.advance(50)
    expect(owes(harness)).toBe(true)
    claim(harness, { slots: 1 })
    harness.decide((state, deciding) => settle.decideSnooze(state, holderOf(harness, 'a'), 50, deciding))
    expect(owes(harness)).toBe(false)
    harness.advance(50)
    claim(harness, { slots: 1 })
    fail(harness, 'a', { type: 'retry', afterMs: 50 })
    expect(owes(harness)).toBe(true)
  })

  test('unless these were snoozed, or put off, since they failed', () => {
    const harness = createHarness()
    const dedupe = { key: 'd', while: ['pending'] } as const
    enqueue(harness, 'a', { dedupe })
    claim(harness, { slots: 1 })
    fail(harness, 'a', { type: 'retry' })
    expect(owes(harness)).toBe(true)
    harness.advance(3_600_000)
    claim(harness, { slots: 1 })
    harness.decide((state, deciding) => settle.decideSnooze(state, holderOf(harness, 'a'), 50, deciding))
    expect(harness.job('a').errors).toBe(1)
    expect(owes(harness)).toBe(false)
    harness.advance(50)
    expect(owes(harness)).toBe(true)
    claim(harness, { slots: 1 })
    fail(harness, 'a', { type: 'retry', afterMs: 50 })
    expect(owes(harness)).toBe(true)
    harness.advance(10)
    enqueue(harness, 'b', { dedupe, waitMs: 3_600_000, onDuplicate: 'debounce', debounceMaxMs: 36_000_000 })
    expect(harness.job('a').availableAt).toBe(harness.now().wall + 3_600_000)
    expect(owes(harness)).toBe(false)
  })

  test('that are held', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    claim(harness, { slots: 1 })
    fail(harness, 'a', { type: 'hold', cause: 'unauthorized' })
    expect(owes(harness)).toBe(true)
  })

  test('unless these are paused, and do not run', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    enqueue(harness, 'b')
    harness.decide((state, deciding) => decidePause(state, true, deciding))
    expect(owes(harness)).toBe(false)
    harness.decide((state, deciding) => decidePause(state, false, deciding))
    claim(harness, { slots: 1 })
    harness.decide((state, deciding) => decidePause(state, true, deciding))
    expect(owes(harness)).toBe(true)
  })

  test('whatever they wait behind, unless that is put off, or dead and blocks', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { key: 'k', waitMs: 50 })
    enqueue(harness, 'b', { key: 'k' })
    expect(owes(harness)).toBe(false)
    harness.advance(50)
    claim(harness, { slots: 1 })
    fail(harness, 'a', { type: 'retry', afterMs: 50 })
    expect(owes(harness)).toBe(true)
    harness.advance(3_600_000)
    claim(harness, { slots: 1 })
    fail(harness, 'a', { type: 'fatal' }, true)
    expect(harness.job('a').state).toBe('dead')
    expect(owes(harness)).toBe(false)
  })
})
