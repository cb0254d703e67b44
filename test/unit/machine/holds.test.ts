import { describe, expect, test } from 'vitest'
import { decideReclaim } from '../../../src/machine/leases.ts'
import { decideCancel, decideResume } from '../../../src/machine/operate.ts'
import * as settle from '../../../src/machine/settle.ts'
import { anyKind, claim, createHarness, enqueue, type Harness, holderOf, retry, runOf } from './harness.ts'

const note = { name: 'HttpError', message: 'down', status: 503 }

function fail(harness: Harness, id: string, verdict: settle.Judged, random = 0.5): void {
  const holder = holderOf(harness, id)
  const policy = { retry, deadBlocks: false, random }
  harness.decide((state, deciding) => settle.decideFailure(state, holder, note, verdict, policy, deciding))
}

function complete(harness: Harness, id: string): void {
  const holder = holderOf(harness, id)
  harness.decide((state, deciding) => settle.decideComplete(state, holder, undefined, deciding))
}

function hold(harness: Harness) {
  return harness.state.hold('me', 'mail')
}

/** The given jobs enqueued, and the first one's failure has opened a hold of a second. */
function heldWith(...ids: string[]): Harness {
  const harness = createHarness()
  for (const id of ids) {
    enqueue(harness, id)
    harness.advance(1)
  }
  claim(harness, { slots: 1 })
  fail(harness, ids[0] ?? '', { type: 'hold' })
  return harness
}

describe('a hold', () => {
  test('is opened by the first to fail, which alone is charged, once', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    claim(harness)
    fail(harness, 'a', { type: 'hold' })
    fail(harness, 'b', { type: 'hold' })
    expect(harness.job('a')).toMatchObject({
      state: 'pending',
      errors: 1,
      failures: [{ charged: true, status: 503 }],
    })
    expect(harness.job('b')).toMatchObject({ state: 'pending', errors: 0, failures: [{ charged: false }] })
    expect(hold(harness)).toMatchObject({ cause: 'unavailable', tries: 0, waitMs: 1_000 })
  })

  test('lets nothing of its kind be claimed until its wait is over, and everything of other kinds', () => {
    const harness = heldWith('a', 'b')
    enqueue(harness, 'p', { kind: 'photo' })
    const kinds = new Map([
      ['mail', anyKind],
      ['photo', anyKind],
    ])
    expect(claim(harness, { kinds })).toEqual(['p'])
    harness.advance(999)
    expect(claim(harness, { kinds })).toEqual([])
    harness.advance(1)
    expect(claim(harness, { kinds })).toEqual(['b'])
  })

  test('lasts as long as Retry-After says, and tells its cause', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    claim(harness)
    fail(harness, 'a', { type: 'hold', afterMs: 7_000, cause: 'throttled' })
    expect(hold(harness)).toMatchObject({ cause: 'throttled', waitMs: 7_000 })
  })

  test('does not shorten what another job was asked to wait', () => {
    const harness = createHarness()
    for (const id of ['a', 'b', 'c']) enqueue(harness, id)
    claim(harness)
    fail(harness, 'a', { type: 'hold' })
    fail(harness, 'b', { type: 'hold', afterMs: 60_000, cause: 'throttled' })
    fail(harness, 'c', { type: 'hold' })
    expect(hold(harness)).toMatchObject({ waitMs: 1_000 })
    harness.advance(1_000)
    const [probe = ''] = claim(harness)
    complete(harness, probe)
    expect(hold(harness)).toBeUndefined()
    expect([probe, ...claim(harness)].sort()).toEqual(['a', 'c'])
    harness.advance(59_000)
    expect(claim(harness)).toEqual(['b'])
    expect(harness.job('b')).toMatchObject({ errors: 0 })
  })

  test('that is ended lets all go at once whom it would have held as long as they were asked to wait', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    claim(harness)
    for (const id of ['a', 'b']) fail(harness, id, { type: 'hold', afterMs: 60_000, cause: 'throttled' })
    harness.decide((state, deciding) => decideResume(state, 'mail', deciding))
    expect(claim(harness)).toEqual(['a', 'b'])
  })

  test('without an end does not shorten what another job was asked to wait, either', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    claim(harness)
    fail(harness, 'a', { type: 'hold-until-resume' })
    fail(harness, 'b', { type: 'hold', afterMs: 60_000, cause: 'throttled' })
    harness.decide((state, deciding) => decideResume(state, 'mail', deciding))
    expect(claim(harness)).toEqual(['a'])
    harness.advance(60_000)
    expect(claim(harness)).toEqual(['b'])
  })

  test('sends one probe at a time, whoever asks', () => {
    const harness = heldWith('a', 'b', 'c')
    harness.advance(1_000)
    expect(claim(harness)).toEqual(['b'])
    expect(claim(harness)).toEqual([])
    expect(claim(harness, { run: runOf('other') })).toEqual([])
  })

  test('charges its probes nothing, and takes turns among those that probed least', () => {
    const harness = heldWith('a', 'b', 'c')
    const probes: string[] = []
    for (let round = 0; round < 7; round++) {
      harness.advance(60_000)
      const [id = ''] = claim(harness)
      probes.push(id)
      fail(harness, id, { type: 'hold' })
    }
    expect(probes).toEqual(['b', 'c', 'a', 'b', 'c', 'a', 'b'])
    expect(['a', 'b', 'c'].map((id) => harness.job(id).errors)).toEqual([1, 0, 0])
    expect(hold(harness)?.tries).toBe(7)
  })

  test('does not send the most urgent again and again', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    enqueue(harness, 'urgent', { priority: 1_000 })
    claim(harness, { slots: 1 })
    fail(harness, 'urgent', { type: 'hold' })
    const probes: string[] = []
    for (let round = 0; round < 4; round++) {
      harness.advance(60_000)
      const [id = ''] = claim(harness)
      probes.push(id)
      fail(harness, id, { type: 'hold' })
    }
    expect(probes).toEqual(['urgent', 'a', 'b', 'urgent'])
  })

  test('waits longer after each probe that found nothing', () => {
    const harness = createHarness()
    const policy = { retry: { ...retry, backoff: 'linear' }, deadBlocks: false, random: 0.5 } as const
    enqueue(harness, 'a')
    const waits: unknown[] = []
    for (let round = 0; round < 3; round++) {
      claim(harness)
      const holder = holderOf(harness, 'a')
      harness.decide((state, deciding) =>
        settle.decideFailure(state, holder, note, { type: 'hold' }, policy, deciding),
      )
      waits.push(hold(harness)?.waitMs)
      harness.advance(60_000)
    }
    expect(waits).toEqual([1_000, 2_000, 3_000])
  })

  test('is over when a probe completes', () => {
    const harness = heldWith('a', 'b', 'c')
    harness.advance(1_000)
    claim(harness)
    complete(harness, 'b')
    expect(hold(harness)).toBeUndefined()
    expect(claim(harness)).toEqual(['c', 'a'])
  })

  test('is not over when a job that ran before it completes', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    claim(harness)
    fail(harness, 'a', { type: 'hold' })
    complete(harness, 'b')
    expect(hold(harness)).toBeDefined()
  })

  test.each([
    ['is dead for it', { type: 'fatal', answered: true }],
    ['is charged for it', { type: 'retry', answered: true }],
  ] as const)('is over when a probe was answered, though that job %s', (_, verdict) => {
    const harness = heldWith('a', 'b')
    harness.advance(1_000)
    claim(harness)
    fail(harness, 'b', verdict)
    expect(hold(harness)).toBeUndefined()
    expect(harness.job('b').errors).toBe(1)
  })

  test('is over when a probe snoozes', () => {
    const harness = heldWith('a', 'b')
    harness.advance(1_000)
    claim(harness)
    const holder = holderOf(harness, 'b')
    harness.decide((state, deciding) => settle.decideSnooze(state, holder, 5, deciding))
    expect(hold(harness)).toBeUndefined()
  })

  test('goes on when a probe fails by itself: that is charged, waits as long again, and counts as probing', () => {
    const harness = heldWith('a', 'bad', 'c')
    const bad = harness.job('bad')
    harness.advance(1_000)
    claim(harness)
    fail(harness, 'bad', { type: 'retry' })
    expect(hold(harness)).toMatchObject({ tries: 1, waitMs: 1_000, availableAt: harness.now().wall + 1_000 })
    expect(harness.job('bad')).toMatchObject({ errors: bad.errors + 1, probed: { times: 1 } })
    harness.advance(1_000)
    expect(claim(harness)).toEqual(['c'])
  })

  test('rests at least minMs between probes that fail by themselves', () => {
    const harness = heldWith('a', 'b')
    harness.advance(1_000)
    claim(harness)
    const holder = holderOf(harness, 'b')
    const policy = { retry: { ...retry, minMs: 9_000 }, deadBlocks: false, random: 0 }
    harness.decide((state, deciding) =>
      settle.decideFailure(state, holder, note, { type: 'retry' }, policy, deciding),
    )
    expect(hold(harness)?.waitMs).toBe(9_000)
  })

  test.each([
    [
      'released',
      (harness: Harness) => {
        const holder = holderOf(harness, 'b')
        harness.decide((state, deciding) => settle.decideRelease(state, holder, deciding))
      },
    ],
    [
      'cancelled',
      (harness: Harness) => {
        const holder = holderOf(harness, 'b')
        harness.decide((state, deciding) => decideCancel(state, 'b', deciding))
        harness.decide((state, deciding) => settle.decideCancelled(state, holder, deciding))
      },
    ],
    [
      'reclaimed',
      (harness: Harness) => {
        harness.decide((state, deciding) =>
          decideReclaim(state, [{ worker: 'a', cause: 'crash' }], 5, deciding),
        )
      },
    ],
  ] as const)('sends the next probe at once when its probe was %s', (_, end) => {
    const harness = heldWith('a', 'b', 'c')
    harness.advance(1_000)
    claim(harness)
    end(harness)
    expect(hold(harness)).toMatchObject({ tries: 0 })
    expect(claim(harness, { run: runOf('other') })).toHaveLength(1)
  })

  test('probes with a job that must run alone only where nothing else runs, and is not wedged by it', () => {
    const harness = createHarness()
    for (const id of ['lone', 'opener']) enqueue(harness, id)
    enqueue(harness, 'p', { kind: 'photo' })
    const kinds = new Map([
      ['mail', anyKind],
      ['photo', anyKind],
    ])
    claim(harness, { slots: 2 })
    for (let crashes = 0; crashes < 2; crashes++) {
      const holder = holderOf(harness, 'lone')
      harness.decide((_, { emit }) => emit({ type: 'reclaimed', ...holder, cause: 'crash' }))
      if (crashes === 0) claim(harness, { slots: 1 })
    }
    fail(harness, 'opener', { type: 'hold' })
    harness.advance(1_000)
    expect(claim(harness, { kinds })).toEqual(['lone'])
    fail(harness, 'lone', { type: 'hold' })
    harness.advance(2_000)
    expect(claim(harness, { kinds })).toEqual(['opener', 'p'])
    fail(harness, 'opener', { type: 'hold' })
    harness.advance(3_000)
    expect(claim(harness, { kinds })).toEqual(['opener'])
  })

  test('does not probe beyond the slots that are free', () => {
    const harness = createHarness()
    const kinds = new Map([
      ['mail', anyKind],
      ['photo', anyKind],
    ])
    enqueue(harness, 'a')
    enqueue(harness, 'p', { kind: 'photo' })
    claim(harness, { kinds })
    fail(harness, 'a', { type: 'hold' })
    fail(harness, 'p', { type: 'hold' })
    harness.advance(1_000)
    expect(claim(harness, { kinds, slots: 1 })).toEqual(['a'])
    expect(claim(harness, { kinds, slots: 1 })).toEqual(['p'])
  })

  test('of a job that was sent at most once leaves that job dead', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { once: true })
    claim(harness)
    fail(harness, 'a', { type: 'hold' })
    expect(harness.job('a')).toMatchObject({ state: 'dead', reason: 'maybe-ran' })
    expect(hold(harness)).toBeDefined()
  })
})

describe('a hold until resume', () => {
  const unauthorized = (): Harness => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    claim(harness)
    fail(harness, 'a', { type: 'hold-until-resume' })
    fail(harness, 'b', { type: 'hold-until-resume' })
    return harness
  }

  test('sends no probes, however long it takes', () => {
    const harness = unauthorized()
    harness.advance(10 ** 9)
    expect(claim(harness)).toEqual([])
    expect(hold(harness)).toMatchObject({ cause: 'unauthorized', tries: 0 })
    expect(harness.job('b').errors).toBe(0)
  })

  test('ends by resume, of its kind or of all', () => {
    const harness = unauthorized()
    expect(harness.decide((state, deciding) => decideResume(state, 'photo', deciding))).toEqual([])
    expect(harness.decide((state, deciding) => decideResume(state, 'mail', deciding), 'you')).toEqual([])
    expect(harness.decide((state, deciding) => decideResume(state, undefined, deciding))).toEqual(['mail'])
    expect(claim(harness)).toEqual(['a', 'b'])
  })

  test('takes the place of one that would have probed, whose probe is then nobody special', () => {
    const harness = heldWith('a', 'b')
    harness.advance(1_000)
    claim(harness)
    enqueue(harness, 'c')
    fail(harness, 'b', { type: 'hold-until-resume' })
    expect(hold(harness)?.cause).toBe('unauthorized')
    expect(hold(harness)?.waitMs).toBeUndefined()
    expect(hold(harness)?.probe).toBeUndefined()
    expect(harness.job('b').errors).toBe(0)
  })

  test('is not shortened by a job that fails otherwise', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    claim(harness)
    fail(harness, 'a', { type: 'hold-until-resume' })
    fail(harness, 'b', { type: 'hold', afterMs: 5 })
    expect(hold(harness)?.waitMs).toBeUndefined()
  })
})
