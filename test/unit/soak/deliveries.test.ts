import { describe, expect, it, test } from 'vitest'
import { judgeDeliveries } from '../../soak/oracle/deliveries.ts'
import { livesWell, type Story, story } from './story.ts'

const findingsIn = ({ evidence }: Story): readonly string[] => judgeDeliveries(evidence).findings

/** Tab 1 has a job in hand from 20 on, when `meanwhile` happens; tab 2 delivers it again at 40, and it ends. */
function deliveredTwice(meanwhile: (told: Story) => void): Story {
  const told = story()
  told.enqueue('job')
  told.deliver('job', { at: 20, until: undefined })
  meanwhile(told)
  told.deliver('job', { at: 40, epoch: 2, by: 'tab-2' })
  told.end('job', { at: 50 })
  return told
}

test('a job that is delivered once is nothing to find', () => {
  const told = story()
  livesWell(told, 'job')
  const { findings, figures } = judgeDeliveries(told.evidence)
  expect(findings).toEqual([])
  expect(figures).toEqual({
    deliveries: 1,
    'repeated deliveries': 0,
    'jobs in flight at the faults': 0,
    'given back at a deadline': 0,
  })
})

test('an upload that took no effect is no delivery', () => {
  const told = story()
  livesWell(told, 'job')
  told.upload('job', { at: 25, tookEffect: false })
  expect(judgeDeliveries(told.evidence).figures.deliveries).toBe(1)
})

/** Worker 1 gives a job back, which worker 2 delivers again. */
function givenBackByWorker(at: number): Story {
  const told = story()
  told.deliver('job', { at: 20, by: 'worker-1', until: at, how: 'aborted', code: 'stopped' })
  told.deliver('job', { at: at + 20, epoch: 2, by: 'worker-2' })
  told.end('job', { at: at + 30 })
  return told
}

describe('a delivery may be repeated', () => {
  it('where a fault met the job in flight', () => {
    const { findings, figures } = judgeDeliveries(
      deliveredTwice(({ fault }) => fault(25, 26, 'tab-1')).evidence,
    )
    expect(findings).toEqual([])
    expect(figures).toMatchObject({ 'repeated deliveries': 1, 'jobs in flight at the faults': 1 })
  })

  it('as often as faults met it', () => {
    const told = deliveredTwice(({ fault, deliver }) => {
      fault(25, 26, 'tab-1')
      deliver('job', { at: 30, epoch: 2, by: 'tab-3', until: undefined })
      fault(35, 36, 'tab-3')
    })
    expect(findingsIn(told)).toEqual([])
  })

  it('where its answer was dropped, and so was its sender once Chromium had sent it again', () => {
    const told = story()
    told.enqueue('job')
    told.deliver('job', { at: 20, isAnswerLost: true, until: undefined })
    told.upload('job', { at: 30 })
    told.fault(29, 35, 'tab-1')
    told.deliver('job', { at: 40, epoch: 2, by: 'tab-2' })
    told.end('job', { at: 50 })
    expect(findingsIn(told).filter((finding) => finding.startsWith('without'))).toEqual([])
  })

  it('where the server dropped its answer on purpose', () => {
    const told = story()
    told.enqueue('job')
    told.deliver('job', { at: 20, isAnswerLost: true, how: 'threw' })
    told.deliver('job', { at: 40, epoch: 2 })
    told.end('job', { at: 50 })
    const { findings, figures } = judgeDeliveries(told.evidence)
    expect(findings).toEqual([])
    expect(figures['jobs in flight at the faults']).toBe(1)
  })

  it.each([30_100, undefined])(
    'where a worker gave it back at the deadline of its event, over at %s',
    (over) => {
      const told = givenBackByWorker(30_050)
      told.event('worker-1', 10, over)
      const { findings, figures } = judgeDeliveries(told.evidence)
      expect(findings).toEqual([])
      expect(figures).toMatchObject({ 'repeated deliveries': 1, 'given back at a deadline': 1 })
    },
  )
})

describe('a delivery is repeated without a fault', () => {
  const repeated = expect.stringMatching(
    /^without a fault: job-1 was delivered again: by tab-1 under epoch 1/,
  )
  const tooMany = '1 repeated deliveries, 0 jobs in flight at the faults'

  it.each<[string, (told: Story) => void]>([
    ['where none came to pass', () => undefined],
    ['where it met another context', ({ fault }) => fault(25, 26, 'tab-2')],
    ['where it was over before the handler was called', ({ fault }) => fault(15, 19, 'tab-1')],
  ])('%s', (_, meanwhile) => {
    expect(findingsIn(deliveredTwice(meanwhile))).toEqual([repeated, tooMany])
  })

  it('where the fault came once the repetition had taken effect', () => {
    const told = deliveredTwice(({ fault }) => fault(42, 43, 'tab-1'))
    expect(findingsIn(told)).toEqual([repeated])
  })

  it('where the job’s end was on the disk before the fault', () => {
    const told = story()
    told.deliver('job', { at: 20, until: undefined })
    told.end('job', { at: 24 })
    told.fault(25, 26, 'tab-1')
    told.deliver('job', { at: 40, epoch: 2, by: 'tab-2' })
    expect(findingsIn(told)).toEqual([repeated, tooMany])
  })

  it.each(['threw', 'aborted'] as const)('where its handler %s before the fault', (how) => {
    const told = story()
    told.deliver('job', { at: 20, until: 24, how })
    told.fault(25, 26, 'tab-1')
    told.deliver('job', { at: 40, epoch: 2, by: 'tab-2' })
    told.end('job', { at: 50 })
    expect(findingsIn(told)).toEqual([repeated, tooMany])
  })

  it('where whoever sent it was dead before the fault', () => {
    const told = deliveredTwice(({ fault }) => fault(25, 26, 'tab-1'))
    told.record.deadAt.set('tab-1', 24)
    expect(findingsIn(told)).toEqual([repeated, tooMany])
  })

  it.each([
    ['a tab gave it back: only a worker’s events have a deadline', 'tab-1', 'stopped'],
    ['a worker gave it up before its deadline', 'worker-1', 'timeout'],
  ])('where %s', (_, by, code) => {
    const told = story()
    told.event('worker-1', -30_000)
    told.deliver('job', { at: 20, by, how: 'aborted', code })
    told.deliver('job', { at: 40, epoch: 2, by: 'tab-2' })
    told.end('job', { at: 50 })
    const [finding, ...more] = findingsIn(told)
    expect(finding).toContain(`without a fault: job-1 was delivered again: by ${by}`)
    expect(more).toEqual([tooMany])
  })
})

describe('a worker gave a job back without a deadline', () => {
  it.each<[string, (told: Story) => void]>([
    ['where none of its events lasted that long', ({ event }) => event('worker-1', 10_000)],
    ['where the event was over before', ({ event }) => event('worker-1', 10, 30_040)],
    ['where it was another worker’s event', ({ event }) => event('worker-2', 10)],
    ['where it has none', () => undefined],
  ])('%s', (_, more) => {
    const told = givenBackByWorker(30_050)
    more(told)
    expect(findingsIn(told)).toEqual([
      expect.stringMatching(/^without a fault: job-1 was delivered again: by worker-1 under epoch 1/),
      '1 repeated deliveries, 0 jobs in flight at the faults',
    ])
  })
})

test('a job that two things met at once was in flight once', () => {
  const told = story()
  told.deliver('job', { at: 20, isAnswerLost: true, until: undefined })
  told.fault(25, 26, 'tab-1')
  told.end('job', { at: 50 })
  expect(judgeDeliveries(told.evidence).figures['jobs in flight at the faults']).toBe(1)
})

test('one fault answers for one repetition of a job: more than were in flight are found', () => {
  const told = deliveredTwice(({ fault, deliver }) => {
    fault(25, 30, 'tab-1', 'tab-3')
    deliver('job', { at: 28, epoch: 2, by: 'tab-3', until: undefined })
  })
  expect(findingsIn(told)).toEqual([
    expect.stringMatching(/^without a fault: job-1 was delivered again: by tab-3 under epoch 2/),
    '2 repeated deliveries, 1 jobs in flight at the faults',
  ])
})

test('an answer that was lost answers for its own job alone', () => {
  const told = deliveredTwice(({ deliver, end }) => {
    deliver('another', { at: 22, isAnswerLost: true })
    end('another', { at: 25 })
  })
  expect(findingsIn(told)).toEqual([expect.stringMatching(/^without a fault: job-1/)])
})

describe('what may run at most once', () => {
  const interrupted = (): Story => {
    const told = story()
    told.deliver('job', { kind: 'once', at: 20, until: undefined })
    told.fault(25, 26, 'tab-1')
    told.end('job', { at: 50 })
    return told
  }

  it('is not delivered again under another epoch, whatever met it', () => {
    const told = interrupted()
    told.deliver('job', { kind: 'once', at: 40, epoch: 2 })
    expect(findingsIn(told)).toEqual([expect.stringMatching(/^at most once: job-1 was delivered again/)])
  })

  it('is under the same one, where Chromium itself repeated the request', () => {
    const told = interrupted()
    told.upload('job', { kind: 'once', at: 40 })
    expect(findingsIn(told)).toEqual([])
  })
})
