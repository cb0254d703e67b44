import { expect, test } from 'vitest'
import { isMissed } from '../../../src/worker/leases.ts'
import { claim, createHarness, enqueue, runOf } from '../machine/harness.ts'

test('who said goodbye is missed for its jobs or an outbox, and is looked for no further than it is found', () => {
  const harness = createHarness({ bare: true })
  enqueue(harness, 'j')
  claim(harness, { run: runOf('holder') })
  for (let n = 0; n < 100; n++) {
    harness.decide((_, { emit }) => {
      emit({ type: 'enqueued', id: `j${n}`, owner: `o${n}`, kind: 'mail' })
      emit({ type: 'dead', id: `j${n}`, reason: 'expired', outbox: `b${n}` })
      emit({ type: 'sending', owner: `o${n}`, sender: `s${n}` })
    })
  }
  const { state } = harness
  const values = state.outboxes.values.bind(state.outboxes)
  let looked = 0
  state.outboxes.values = () => {
    const all = values()
    const next = all.next.bind(all)
    all.next = () => {
      looked++
      return next()
    }
    return all
  }
  expect([isMissed(state, 'holder'), looked]).toEqual([true, 0])
  expect([isMissed(state, 's1'), looked]).toEqual([true, 2])
  expect(isMissed(state, 's99')).toBe(true)
  expect(isMissed(state, 'nobody')).toBe(false)
})
