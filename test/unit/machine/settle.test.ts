import { describe, expect, test } from 'vitest'
import { QueueError } from '../../../src/errors.ts'
import { maxFailures } from '../../../src/machine/job.ts'
import { decideReclaim } from '../../../src/machine/leases.ts'
import { decideCancel, decideRemove } from '../../../src/machine/operate.ts'
import * as settle from '../../../src/machine/settle.ts'
import {
  claim,
  createHarness,
  enqueue,
  type Harness,
  type HarnessOptions,
  holderOf,
  retry,
} from './harness.ts'

const note = { name: 'TypeError', message: 'no' }

function running(given: Parameters<typeof enqueue>[2] = {}, options: HarnessOptions = {}): Harness {
  const harness = createHarness(options)
  enqueue(harness, 'j', given)
  claim(harness)
  return harness
}

function fail(harness: Harness, verdict: settle.Judged, policy: Partial<settle.FailurePolicy> = {}): void {
  const holder = holderOf(harness, 'j')
  const whole = { retry, deadBlocks: false, random: 0.5, ...policy }
  harness.decide((state, deciding) => settle.decideFailure(state, holder, note, verdict, whole, deciding))
}

type Settling = (...given: Parameters<typeof settle.decideRelease>) => void

function does(harness: Harness, decision: Settling): void {
  const holder = holderOf(harness, 'j')
  harness.decide((state, deciding) => decision(state, holder, deciding))
}

const requestCancel = (harness: Harness): unknown =>
  harness.decide((state, deciding) => decideCancel(state, 'j', deciding))

describe('the fence', () => {
  const policy = { retry, deadBlocks: false, random: 0.5 }
  test.each<[string, Settling]>([
    ['complete', (state, holder, deciding) => settle.decideComplete(state, holder, undefined, deciding)],
    ['release', settle.decideRelease],
    ['snooze', (state, holder, deciding) => settle.decideSnooze(state, holder, 5, deciding)],
    ['cancel', settle.decideCancelled],
    [
      'fail',
      (state, holder, deciding) =>
        settle.decideFailure(state, holder, note, { type: 'retry' }, policy, deciding),
    ],
    [
      'be unfit',
      (state, holder, deciding) =>
        settle.decideUnfit(state, holder, 'payload-invalid', note, policy, deciding),
    ],
  ])('refuses to %s under an epoch that is over, and nothing changes', (_, decision) => {
    const harness = running()
    const stale = holderOf(harness, 'j')
    harness.decide((state, deciding) => decideReclaim(state, [{ worker: 'a', cause: 'crash' }], 5, deciding))
    claim(harness)
    const before = harness.job('j')
    const late = (): unknown => harness.decide((state, deciding) => decision(state, stale, deciding))
    expect(late).toThrow(expect.objectContaining({ code: 'lease-lost' }))
    expect(harness.job('j')).toBe(before)
  })

  test('says what became of the job', () => {
    const harness = running()
    const holder = holderOf(harness, 'j')
    const late = (): unknown =>
      harness.decide((state, deciding) => settle.decideRelease(state, holder, deciding))
    late()
    expect(late).toThrow('Cannot write for job "j" at epoch 1: it is pending at epoch 1')
    harness.decide((state, deciding) => decideRemove(state, 'j', deciding))
    expect(late).toThrow('Cannot write for job "j" at epoch 1: it was removed')
  })
})

describe('completing', () => {
  test('keeps the result, counts the finish, and forgets the payload beside the log', () => {
    const harness = running({ beside: 9_000 })
    does(harness, (state, holder, deciding) => settle.decideComplete(state, holder, '{"ok":1}', deciding))
    const done = { state: 'completed', result: '{"ok":1}', finish: 1, beside: undefined, run: undefined }
    expect(harness.job('j')).toMatchObject(done)
    expect(harness.state.index.held.size).toBe(0)
  })

  test('counts although a cancellation was asked for: the effect happened', () => {
    const harness = running()
    requestCancel(harness)
    does(harness, (state, holder, deciding) => settle.decideComplete(state, holder, undefined, deciding))
    expect(harness.job('j').state).toBe('completed')
  })
})

describe('giving back', () => {
  test('charges nothing and counts as a release', () => {
    const harness = running()
    does(harness, settle.decideRelease)
    expect(harness.job('j')).toMatchObject({
      state: 'pending',
      attempt: 1,
      errors: 0,
      releases: 1,
      fruitless: 1,
    })
    expect(harness.job('j').crashes).toBeUndefined()
    expect(claim(harness)).toEqual(['j'])
  })

  test('counts those without progress, until there is some', () => {
    const harness = running()
    does(harness, settle.decideRelease)
    claim(harness)
    does(harness, settle.decideRelease)
    claim(harness)
    expect(harness.job('j')).toMatchObject({ releases: 2, fruitless: 2 })
    const holder = holderOf(harness, 'j')
    harness.decide((_, { emit }) => emit({ type: 'progressed', ...holder, value: '"half"' }))
    expect(harness.job('j')).toMatchObject({ releases: 2, fruitless: undefined, progress: '"half"' })
  })

  test('a snooze waits as long as it was asked to, and counts as nothing', () => {
    const harness = running()
    does(harness, (state, holder, deciding) => settle.decideSnooze(state, holder, 60_000, deciding))
    expect(harness.job('j')).toMatchObject({ state: 'pending', errors: 0, waitMs: 60_000 })
    expect(harness.job('j').releases).toBeUndefined()
    harness.advance(59_999)
    expect(claim(harness)).toEqual([])
  })

  test('a snooze or release of a job whose cancellation was asked for cancels it', () => {
    for (const decision of [
      settle.decideRelease,
      (...[state, holder, deciding]: Parameters<Settling>) => settle.decideSnooze(state, holder, 5, deciding),
      settle.decideCancelled,
    ]) {
      const harness = running()
      requestCancel(harness)
      does(harness, decision)
      expect(harness.job('j').state).toBe('cancelled')
      expect(harness.job('j').finish).toBeUndefined()
    }
  })
})

describe('failing', () => {
  test('is charged, remembered, and tried again after the backoff', () => {
    const harness = running()
    fail(harness, { type: 'retry' })
    const failure = { ...note, at: harness.now().wall, attempt: 1, charged: true }
    expect(harness.job('j')).toMatchObject({
      state: 'pending',
      errors: 1,
      waitMs: 1_000,
      failures: [failure],
    })
  })

  test('waits no shorter than it was told to, whatever the backoff', () => {
    const harness = running()
    fail(harness, { type: 'retry', afterMs: 90_000 })
    expect(harness.job('j').waitMs).toBe(90_000)
  })

  test('waits a time that every context reads the same, even when told to wait for ever', () => {
    const harness = running()
    fail(harness, { type: 'retry', afterMs: Number.POSITIVE_INFINITY })
    expect(Number.isSafeInteger(harness.job('j').availableAt)).toBe(true)
  })

  test('as often as the policy allows is the end, with each failure on record', () => {
    const harness = running({}, { acks: { dead: 'box' } })
    for (let round = 0; round < 3; round++) {
      if (round > 0) claim(harness)
      fail(harness, { type: 'retry' })
      harness.advance(1_000)
    }
    const job = harness.job('j')
    expect(job).toMatchObject({ state: 'dead', reason: 'errors', errors: 3, ack: 'queued', finish: 1 })
    expect(job.failures?.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
  })

  test('fatally is the end at once', () => {
    const harness = running()
    fail(harness, { type: 'fatal' })
    expect(harness.job('j')).toMatchObject({ state: 'dead', reason: 'fatal', errors: 1, ack: undefined })
  })

  test('for want of a fitting payload is the end at once', () => {
    const harness = running({ key: 'k' })
    const policy = { retry, deadBlocks: true, random: 0.5 }
    does(harness, (state, holder, deciding) =>
      settle.decideUnfit(state, holder, 'migration-failed', note, policy, deciding),
    )
    expect(harness.job('j')).toMatchObject({
      state: 'dead',
      reason: 'migration-failed',
      blocks: true,
      errors: 1,
    })
  })

  test('keeps the newest failures only', () => {
    const harness = running()
    const patient = { retry: { ...retry, maxAttempts: 1_000 } }
    for (let round = 0; round < maxFailures + 5; round++) {
      if (round > 0) claim(harness)
      fail(harness, { type: 'retry' }, patient)
      harness.advance(1_000)
    }
    const { failures = [], errors } = harness.job('j')
    expect(errors).toBe(maxFailures + 5)
    expect(failures).toHaveLength(maxFailures)
    expect(failures.at(-1)?.attempt).toBe(maxFailures + 5)
  })

  test('after its cancellation was asked for is a cancellation', () => {
    const harness = running()
    requestCancel(harness)
    fail(harness, { type: 'retry' })
    expect(harness.job('j')).toMatchObject({ state: 'cancelled', errors: 0 })
  })

  test('frees its key although its enqueue said otherwise, where the policy now says so', () => {
    const harness = running({ key: 'k', blocks: true })
    enqueue(harness, 'next', { key: 'k' })
    fail(harness, { type: 'fatal' })
    expect(claim(harness)).toEqual(['next'])
  })
})

describe('at most once', () => {
  const once = (): Harness => running({ once: true })

  test.each<[string, (harness: Harness) => void]>([
    ['an error', (harness) => fail(harness, { type: 'retry' })],
    ['a fatal error', (harness) => fail(harness, { type: 'fatal' })],
    ['a release', (harness) => does(harness, settle.decideRelease)],
    [
      'a loss',
      (harness) => {
        harness.decide((state, deciding) =>
          decideReclaim(state, [{ worker: 'a', cause: 'bye' }], 5, deciding),
        )
      },
    ],
  ])('%s after the start is the end', (_, end) => {
    const harness = once()
    end(harness)
    expect(harness.job('j')).toMatchObject({ state: 'dead', reason: 'maybe-ran' })
  })

  test('a completion is one', () => {
    const harness = once()
    does(harness, (state, holder, deciding) => settle.decideComplete(state, holder, undefined, deciding))
    expect(harness.job('j').state).toBe('completed')
  })
})

test('a lost lease is a QueueError', () => {
  const harness = running()
  const stale = { id: 'j', epoch: 0 }
  const late = (): unknown =>
    harness.decide((state, deciding) => settle.decideRelease(state, stale, deciding))
  expect(late).toThrow(QueueError)
})
