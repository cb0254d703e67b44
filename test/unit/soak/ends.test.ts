import { describe, expect, it, test } from 'vitest'
import { judgeEnds } from '../../soak/oracle/ends.ts'
import type { Look } from '../../soak/page/page.ts'
import { livesWell, nothingLeft, type Story, story } from './story.ts'

const findingsIn = ({ evidence }: Story, left: Look = nothingLeft): readonly string[] =>
  judgeEnds(evidence, left).findings

/** A soak in which one job lives well, and what else is told. */
function soak(more: (told: Story) => void): Story {
  const told = story()
  livesWell(told, 'well')
  more(told)
  return told
}

test('jobs that end as they should are nothing to find', () => {
  const told = soak(({ enqueue, end }) => {
    enqueue('hopeless', { kind: 'refused' })
    end('hopeless', { reason: 'fatal' })
    enqueue('unclear', { kind: 'once' })
    end('unclear', { reason: 'maybe-ran' })
  })
  const left: Look = {
    ...nothingLeft,
    dead: [
      ['hopeless', 'fatal'],
      ['unclear', 'maybe-ran'],
    ],
  }
  const { findings, figures, waived } = judgeEnds(told.evidence, left)
  expect(findings).toEqual([])
  expect(figures).toEqual({ acknowledged: 3, 'dead letters': 2 })
  expect(waived).toEqual({ drops: 0, jobs: 0 })
})

describe('found is', () => {
  it('an enqueue that is lost', () => {
    const told = soak(({ enqueue }) => enqueue('gone', { kind: 'photo', by: 'tab-2' }))
    expect(findingsIn(told)).toEqual(['lost: job gone (photo), that tab-2 enqueued, never ended'])
  })

  it('a job that ran, and ended in no way', () => {
    const told = soak(({ enqueue, deliver }) => {
      enqueue('open')
      deliver('open')
    })
    expect(findingsIn(told)).toEqual(['lost: job open (note), that tab-1 enqueued, never ended'])
  })

  it.each([
    ['note', 'errors', 'dead: errors'],
    ['photo', 'poison', 'dead: poison'],
    ['refused', undefined, 'completed'],
    ['broken', 'fatal', 'dead: fatal'],
    ['once', 'errors', 'dead: errors'],
  ] as const)('a job of the kind %s that ended otherwise than it should: %s', (kind, reason, how) => {
    const told = soak(({ enqueue, end }) => {
      enqueue('astray', { kind })
      end('astray', reason === undefined ? {} : { reason })
    })
    const left: Look = { ...nothingLeft, dead: reason === undefined ? [] : [['astray', reason]] }
    expect(findingsIn(told, left)).toEqual([`job astray (${kind}) ended ${how}`])
  })

  it('a job that ended twice', () => {
    const told = soak(({ end }) => end('well'))
    expect(findingsIn(told)).toContain('job well ended more than once: completed, completed')
    expect(findingsIn(told)).toContain('applied 2 times: job well, finish 1')
  })

  it('a dead job that is not among the dead letters', () => {
    const told = soak(({ enqueue, end }) => {
      enqueue('hopeless', { kind: 'refused' })
      end('hopeless', { reason: 'fatal' })
    })
    expect(findingsIn(told)).toEqual(['job hopeless is not among the dead letters'])
  })

  it('a completed job that is among the dead letters', () => {
    const told = soak(() => undefined)
    expect(findingsIn(told, { ...nothingLeft, dead: [['well', 'errors']] })).toEqual([
      'job well is among the dead letters',
    ])
  })

  it('a gap in the numbers of the acknowledgements', () => {
    const told = soak(({ enqueue, end }) => {
      enqueue('next')
      end('next', { sequence: 3 })
    })
    expect(findingsIn(told)).toEqual(['acknowledgement 3 of the outbox came out of turn'])
  })

  it('an outbox too many, and none at all', () => {
    const told = soak(({ enqueue, end }) => {
      enqueue('other')
      end('other', { source: 'another outbox' })
    })
    expect(findingsIn(told)).toEqual(['acknowledgements came from 2 outboxes'])
    expect(findingsIn(story())).toEqual(['acknowledgements came from 0 outboxes'])
  })

  it.each(['pending', 'scheduled', 'running', 'unsent'] as const)('a job that is left %s', (state) => {
    const [finding, ...more] = findingsIn(
      soak(() => undefined),
      { ...nothingLeft, [state]: 1 },
    )
    expect(finding).toContain(`"${state}":1`)
    expect(more).toEqual([])
  })
})

describe('where Chromium says that it dropped the database', () => {
  const dropped = (more: (told: Story) => void): Story =>
    soak((told) => {
      told.enqueue('before', { at: 40 })
      told.enqueue('before', { at: 42, by: 'tab-2' })
      told.enqueue('hopeless', { kind: 'refused', at: 40 })
      told.end('hopeless', { reason: 'fatal', at: 41 })
      told.make(50, true, 'tab-2')
      more(told)
    })

  it('jobs of before that have no end, or no dead letter, are waived, and counted once each', () => {
    const { findings, waived } = judgeEnds(dropped(() => undefined).evidence, nothingLeft)
    expect(findings).toEqual([])
    expect(waived).toEqual({ drops: 1, jobs: 2 })
  })

  it.each([50, 60])('a job that was enqueued at %i, not before it, is lost all the same', (at) => {
    const { findings, waived } = judgeEnds(
      dropped(({ enqueue }) => enqueue('after', { at })).evidence,
      nothingLeft,
    )
    expect(findings).toEqual(['lost: job after (note), that tab-1 enqueued, never ended'])
    expect(waived.jobs).toBe(2)
  })

  it('a job of before that ended otherwise than it should is found all the same', () => {
    const told = dropped(({ enqueue, end }) => {
      enqueue('astray', { kind: 'note', at: 40 })
      end('astray', { reason: 'errors' })
    })
    expect(findingsIn(told)).toEqual(['job astray (note) ended dead: errors'])
  })

  it('the new log has an outbox of its own, and no more than that', () => {
    const again = dropped(({ enqueue, end }) => {
      enqueue('second', { at: 60 })
      end('second', { source: 'a second outbox' })
    })
    expect(findingsIn(again)).toEqual([])
    again.enqueue('third', { at: 60 })
    again.end('third', { source: 'a third outbox' })
    expect(findingsIn(again)).toEqual(['acknowledgements came from 3 outboxes'])
  })
})

test('a database that is made anew, and Chromium does not say why, waives nothing', () => {
  const told = soak(({ enqueue, make }) => {
    enqueue('gone', { at: 40 })
    make(50, false, 'tab-2')
  })
  const { findings, waived } = judgeEnds(told.evidence, nothingLeft)
  expect(findings).toEqual(['lost: job gone (note), that tab-1 enqueued, never ended'])
  expect(waived).toEqual({ drops: 0, jobs: 0 })
})
