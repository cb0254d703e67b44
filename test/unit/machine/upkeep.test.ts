import { describe, expect, test } from 'vitest'
import type { Job } from '../../../src/machine/job.ts'
import { decideEdit } from '../../../src/machine/operate.ts'
import * as settle from '../../../src/machine/settle.ts'
import { decideExpiry, decideRetention, excessDead, type Retention } from '../../../src/machine/upkeep.ts'
import { claim, createHarness, enqueue, type Harness, holderOf, noBacklog, reloaded } from './harness.ts'

const keep: Retention = {
  finishedMs: 3_600_000,
  finishedCount: 1_000,
  deadBytes: Number.POSITIVE_INFINITY,
  deadMs: Number.POSITIVE_INFINITY,
}

const ids = (jobs: readonly Job[]): string[] => jobs.map(({ id }) => id)

function complete(harness: Harness, id: string): void {
  const holder = holderOf(harness, id)
  harness.decide((state, deciding) => settle.decideComplete(state, holder, undefined, deciding))
}

function retain(harness: Harness, given: Partial<Retention>, pinned: readonly string[] = []): string[] {
  return ids(
    harness.decide((state, deciding) =>
      decideRetention(state, { ...keep, ...given }, (id) => pinned.includes(id), deciding),
    ),
  )
}

/** Enqueued as named, and finished in the order of the letters. */
function finishedIn(...order: string[]): Harness {
  const harness = createHarness()
  for (const id of [...order].reverse()) enqueue(harness, id)
  claim(harness)
  for (const id of order) {
    harness.advance(1_000)
    complete(harness, id)
  }
  return harness
}

describe('expiry', () => {
  const expire = (harness: Harness): boolean =>
    harness.decide((state, deciding) => decideExpiry(state, deciding))

  test('takes jobs wherever they stand in line, those of one key and those that back off', () => {
    const harness = createHarness({ acks: { dead: 'box' } })
    enqueue(harness, 'a', { key: 'k' })
    enqueue(harness, 'b', { key: 'k', expiresInMs: 500 })
    enqueue(harness, 'c', { waitMs: 9_000, expiresInMs: 500 })
    harness.advance(499)
    expire(harness)
    expect(harness.job('b').state).toBe('pending')
    harness.advance(1)
    expire(harness)
    for (const id of ['b', 'c']) {
      expect(harness.job(id)).toMatchObject({ state: 'dead', reason: 'expired', ack: 'queued' })
    }
    expect(harness.job('a').state).toBe('pending')
  })

  test('does not touch what runs, but takes it when it comes back too late', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { expiresInMs: 500 })
    claim(harness)
    harness.advance(500)
    expire(harness)
    expect(harness.job('a').state).toBe('running')
    const holder = holderOf(harness, 'a')
    harness.decide((state, deciding) => settle.decideRelease(state, holder, deciding))
    expire(harness)
    expect(harness.job('a').reason).toBe('expired')
  })

  test('comes by the monotonic clock though the wall clock was set back, and although it was refused once', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { expiresInMs: 500 })
    harness.setWall(0)
    harness.advance(500)
    harness.refuse((state, deciding) => decideExpiry(state, deciding))
    expire(harness)
    expect(harness.job('a').reason).toBe('expired')
  })

  test('takes a thousand at a time, and says whether there are more', () => {
    const harness = createHarness({ bare: true })
    for (let n = 0; n < 1_001; n++) enqueue(harness, `j${n}`, { expiresInMs: 1 })
    harness.advance(1)
    expect(expire(harness)).toBe(false)
    expect(expire(harness)).toBe(true)
    expect(harness.state.index.dead('me').size).toBe(1_001)
  })
})

describe('retention', () => {
  test('removes what finished longest ago beyond the count', () => {
    const harness = finishedIn('a', 'b', 'c', 'd')
    expect(retain(harness, { finishedCount: 2 })).toEqual(['a', 'b'])
    expect(harness.state.jobs.size).toBe(2)
    expect(retain(harness, { finishedCount: 2 })).toEqual([])
  })

  test('goes by when jobs finished in a state that was loaded, and after refusals, too', () => {
    const harness = finishedIn('a', 'b', 'c')
    harness.refuse((state, deciding) =>
      decideRetention(state, { ...keep, finishedCount: 2 }, () => false, deciding),
    )
    const loaded = reloaded(harness)
    const gone = loaded.speculate(harness.now(), (emit) =>
      decideRetention(loaded, { ...keep, finishedCount: 2 }, () => false, {
        now: harness.now(),
        emit,
        owner: 'me',
      }),
    )
    expect(ids(gone)).toEqual(['a'])
    expect(retain(harness, { finishedCount: 2 })).toEqual(['a'])
  })

  test('removes what is old, though the count is kept', () => {
    const harness = finishedIn('a', 'b', 'c')
    expect(retain(harness, { finishedMs: 1_000 })).toEqual(['a', 'b'])
  })

  test('leaves what somebody waits for, and takes the next instead', () => {
    const harness = finishedIn('a', 'b', 'c')
    expect(retain(harness, { finishedCount: 2 }, ['a'])).toEqual(['b'])
    expect(retain(harness, { finishedMs: 0 }, ['a'])).toEqual(['c'])
  })

  test('never takes a job whose acknowledgement is queued', () => {
    const harness = createHarness({ acks: { completed: 'box' } })
    enqueue(harness, 'a')
    claim(harness)
    complete(harness, 'a')
    expect(retain(harness, { finishedMs: 0, finishedCount: 0 })).toEqual([])
    harness.decide((_, { emit }) => emit({ type: 'acked', owner: 'me', sender: 's', through: 1 }))
    expect(retain(harness, { finishedMs: 0, finishedCount: 0 })).toEqual(['a'])
  })

  test('removes a thousand at a time', () => {
    const harness = createHarness({ bare: true })
    for (let n = 0; n < 1_005; n++) enqueue(harness, `j${n}`)
    for (const id of claim(harness, { slots: 2_000 })) complete(harness, id)
    expect(retain(harness, { finishedMs: 0 })).toHaveLength(1_000)
    expect(retain(harness, { finishedMs: 0 })).toHaveLength(5)
  })
})

describe('dead letters', () => {
  const dead = (): Harness => {
    const harness = createHarness()
    const backlog = { maxPending: 1, overflow: 'drop-oldest' } as const
    for (const id of ['a', 'b', 'c', 'last']) {
      enqueue(harness, id, { payload: 'x'.repeat(100), beside: 700 }, id === 'a' ? noBacklog : backlog)
      harness.advance(1_000)
    }
    return harness
  }
  const excess = ({ state, now }: Harness, given: Partial<Retention>): string[] =>
    ids(excessDead(state, 'me', { ...keep, ...given }, now().wall))

  test('stay, by default', () => {
    expect(excess(dead(), {})).toEqual([])
  })

  test('are too many beyond a weight, or old beyond an age, the first to die first', () => {
    const harness = dead()
    expect(harness.state.index.dead('me').bytes).toBe(3_000)
    expect(excess(harness, { deadBytes: 2_000 })).toEqual(['a'])
    expect(excess(harness, { deadBytes: 1_999 })).toEqual(['a', 'b'])
    expect(excess(harness, { deadMs: 2_000 })).toEqual(['a', 'b'])
    expect(excess(harness, { deadBytes: 0, deadMs: 0 })).toEqual(['a', 'b', 'c'])
  })

  test('keep their age when they are edited, and when they are loaded', () => {
    const harness = dead()
    harness.decide((state, deciding) =>
      decideEdit(state, 'a', { payload: 'x'.repeat(100), beside: 700 }, deciding),
    )
    expect(excess(harness, { deadBytes: 2_000 })).toEqual(['a'])
    expect(ids(excessDead(reloaded(harness), 'me', { ...keep, deadBytes: 2_000 }, 0))).toEqual(['a'])
  })
})
