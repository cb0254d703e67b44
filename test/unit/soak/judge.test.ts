import { describe, expect, it, test } from 'vitest'
import { judge } from '../../soak/oracle/judge.ts'
import { livesWell, nothingLeft, type Story, story } from './story.ts'

/** A soak in which one tab crashes, and two jobs live well, one in a tab and one in the worker; and what else is told. */
function soak(more: (told: Story) => void = () => undefined): Story {
  const told = story()
  told.fault(100, 101, 'tab-9')
  livesWell(told, 'well')
  livesWell(told, 'helped', 'worker-9')
  more(told)
  return told
}

const findingsIn = ({ evidence }: Story): readonly string[] =>
  judge(evidence, nothingLeft, ['crash']).findings

test('a soak in which everything held is nothing to find, and is counted', () => {
  const { findings, figures, waived } = judge(soak().evidence, nothingLeft, ['crash'])
  expect(findings).toEqual([])
  expect(figures).toMatchObject({
    enqueued: 2,
    acknowledged: 2,
    attempts: 2,
    'attempts by the service worker': 1,
    deliveries: 2,
    'faults: crash': 1,
  })
  expect(waived).toEqual({ drops: 0, jobs: 0 })
})

describe('each judge is asked: found is', () => {
  it.each<[finding: string, broken: (told: Story) => void]>([
    ['lost: job gone (note), that tab-1 enqueued, never ended', ({ enqueue }) => enqueue('gone')],
    ['without a fault: well-1 was delivered again', ({ deliver }) => deliver('well', { at: 40, epoch: 2 })],
    [
      'job well had two live epochs: 1 in tab-1 lived when 2 began in tab-2',
      ({ deliver }) => deliver('well', { at: 21, epoch: 2, by: 'tab-2' }),
    ],
    [
      'key k: job later overtook first, enqueued before it',
      (told) => {
        told.enqueue('first', { key: 'k', at: 10 })
        told.enqueue('later', { key: 'k', at: 20 })
        told.deliver('later', { at: 30 })
        told.deliver('first', { at: 40 })
      },
    ],
    ['the database was made anew 1 times, and the browser does not say why', ({ make }) => make(50)],
    ['1 × uncaught: oh', ({ tell }) => tell('tab-1', { type: 'uncaught', message: 'oh' })],
  ])('%s', (finding, broken) => {
    expect(findingsIn(soak(broken))).toContainEqual(expect.stringContaining(finding))
  })

  it('what the server complains of', () => {
    const { evidence } = soak()
    const server = { ...evidence.server, complaints: ['the photo of job well came broken'] }
    expect(findingsIn({ ...soak(), evidence: { ...evidence, server } })).toEqual(server.complaints)
  })

  it('a service worker that ran nothing', () => {
    const told = story()
    told.fault(100, 101, 'tab-9')
    livesWell(told, 'well')
    expect(findingsIn(told)).toEqual(['no job was run by the service worker'])
  })

  it('a fault that was ordered, and never came to pass', () => {
    expect(judge(soak().evidence, nothingLeft, ['crash', 'kill']).findings).toEqual([
      'no fault of this kind came to pass: kill',
    ])
  })
})

test('a worker’s death is dated before anybody looks at what it had in hand', () => {
  const told = soak((each) => {
    each.fault(25, 26)
    each.deliver('shared', { at: 20, by: 'worker-1', until: undefined })
    each.deliver('shared', { at: 40, by: 'tab-2', epoch: 2 })
    each.end('shared', { at: 50 })
  })
  expect(findingsIn(told)).toEqual([])
})

test('what a context complains of is a figure, and no finding', () => {
  const told = soak(({ tell }) => tell('tab-1', { type: 'warning', message: 'the job "x" is slow' }))
  const { findings, figures } = judge(told.evidence, nothingLeft, ['crash'])
  expect(findings).toEqual([])
  expect(figures).toMatchObject({ 'warning: the job "…" is slow': 1 })
})

test('what is waived for a dropped database is told', () => {
  const told = soak(({ enqueue, make, tell }) => {
    enqueue('gone', { at: 40 })
    make(50, true, 'tab-2')
    tell('tab-2', { type: 'lost' })
  })
  expect(judge(told.evidence, nothingLeft, ['crash'])).toMatchObject({
    findings: [],
    waived: { drops: 1, jobs: 1 },
  })
})
