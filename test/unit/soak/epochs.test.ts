import { describe, expect, it, test } from 'vitest'
import { judgeEpochs } from '../../soak/oracle/epochs.ts'
import { livesWell, type Story, story } from './story.ts'

/** Tab 1 has a job in hand from 20 on, as `first` has it; tab 2 begins it at 40. */
function handedOver(
  first: Parameters<Story['deliver']>[1],
  then: Parameters<Story['deliver']>[1] = {},
): Story {
  const told = story()
  told.deliver('job', { at: 20, by: 'tab-1', epoch: 1, ...first })
  told.deliver('job', { at: 40, by: 'tab-2', epoch: 2, ...then })
  return told
}

test('one epoch after the other is nothing to find', () => {
  const told = handedOver({ until: 30, how: 'aborted' })
  livesWell(told, 'another')
  expect(judgeEpochs(told.record)).toEqual([])
})

describe('two live epochs at once are found', () => {
  it('where the first handler ended after the second had begun', () => {
    expect(judgeEpochs(handedOver({ until: 45 }).record)).toEqual([
      'job job had two live epochs: 1 in tab-1 lived when 2 began in tab-2, and ended 5 ms later',
    ])
  })

  it('where the first one never ended', () => {
    expect(judgeEpochs(handedOver({ until: undefined }).record)).toEqual([
      'job job had two live epochs: 1 in tab-1 lived when 2 began in tab-2, and never ended',
    ])
  })

  it('where it was ordered to die after the second had begun', () => {
    const { record } = handedOver({ until: undefined })
    record.deadAt.set('tab-1', 45)
    expect(judgeEpochs(record)).toEqual([expect.stringContaining('had two live epochs')])
  })
})

test('a handler in a context that was ordered to die lives no more', () => {
  const { record } = handedOver({ until: undefined })
  record.deadAt.set('tab-1', 35)
  expect(judgeEpochs(record)).toEqual([])
})

test('a handler whose signal aborted lives no more, though it goes on', () => {
  const told = handedOver({ until: 30, how: 'aborted' })
  told.tell('tab-1', { type: 'ended', id: 'job', epoch: 1, how: 'returned', code: undefined, at: 50 })
  expect(judgeEpochs(told.record)).toEqual([])
})

test.each([1, 2])('an epoch that is not above the one before it, which was 2, is found: %i', (epoch) => {
  expect(judgeEpochs(handedOver({ epoch: 2, until: 30 }, { epoch }).record)).toEqual([
    `job job: epoch ${epoch} in tab-2 came after 2 in tab-1`,
  ])
})
