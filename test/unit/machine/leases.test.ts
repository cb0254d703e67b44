import { describe, expect, test } from 'vitest'
import type { Run } from '../../../src/machine/job.ts'
import {
  decideReclaim,
  decideRenew,
  lostLeases,
  type Sightings,
  untilSilent,
} from '../../../src/machine/leases.ts'
import { decideCancel } from '../../../src/machine/operate.ts'
import { claim, createHarness, enqueue, type Harness, holderOf, reloaded, runOf } from './harness.ts'
import { rowsRead } from './rows-read.ts'

const lockSilenceMs = 300_000
const me: Sightings = { me: 'me', byes: new Set(), freed: new Set(), lockSilenceMs }

function heldBy(worker: string, run: Partial<Run> = {}): Harness {
  const harness = createHarness()
  enqueue(harness, 'j')
  claim(harness, { run: runOf(worker, run) })
  return harness
}

const lost = (harness: Harness, given: Partial<Sightings> = {}): readonly string[] =>
  lostLeases(harness.state, { ...me, ...given }, harness.now().mono).map(
    ({ worker, cause }) => `${worker} ${cause}`,
  )

const reclaim = (
  harness: Harness,
  worker: string,
  cause: 'crash' | 'bye' | 'interrupted',
  maxCrashes = 5,
): void =>
  harness.decide((state, deciding) => decideReclaim(state, [{ worker, cause }], maxCrashes, deciding))

describe('a lease', () => {
  test('is lost once this observer heard nothing for its length', () => {
    const harness = heldBy('w')
    harness.advance(29_999)
    expect(untilSilent(harness.state, 'w', lockSilenceMs, harness.now().mono)).toBe(1)
    expect(lost(harness)).toEqual([])
    harness.advance(1)
    expect(lost(harness)).toEqual(['w crash'])
  })

  test('is not lost for anything the wall clock says', () => {
    const harness = heldBy('w')
    harness.setWall(10 ** 12)
    expect(lost(harness)).toEqual([])
  })

  test('goes on for its length from each renewal, all jobs of the worker together', () => {
    const harness = heldBy('w')
    enqueue(harness, 'k')
    claim(harness, { run: runOf('w') })
    harness.advance(29_000)
    harness.decide((state, deciding) => decideRenew(state, 'w', deciding))
    harness.advance(29_000)
    expect(lost(harness)).toEqual([])
    harness.advance(1_000)
    expect(lost(harness)).toEqual(['w crash'])
    reclaim(harness, 'w', 'crash')
    expect([harness.job('j').state, harness.job('k').state]).toEqual(['pending', 'pending'])
  })

  test('runs for its length from the moment it was loaded: nobody here saw what was before', () => {
    const harness = heldBy('w')
    harness.advance(29_000)
    const { index } = reloaded(harness)
    expect(index.seen.get('w')).toBe(harness.now().mono)
    expect(index.held.get('w')).toEqual(new Set(['j']))
  })

  test('that was renewed in vain is lost when it would have been', () => {
    const harness = heldBy('w')
    harness.advance(20_000)
    harness.refuse((state, deciding) => decideRenew(state, 'w', deciding))
    harness.advance(10_000)
    expect(lost(harness)).toEqual(['w crash'])
    harness.refuse((state, deciding) => decideReclaim(state, [{ worker: 'w', cause: 'crash' }], 5, deciding))
    expect(lost(harness)).toEqual(['w crash'])
  })

  test('held under a lock is lost at once when the lock is free, else after a long silence', () => {
    const harness = heldBy('w', { lock: true })
    harness.advance(lockSilenceMs - 1)
    expect(lost(harness)).toEqual([])
    expect(lost(harness, { freed: new Set(['w']) })).toEqual(['w crash'])
    harness.advance(1)
    expect(lost(harness)).toEqual(['w crash'])
  })

  test('is lost at once when its holder said goodbye', () => {
    expect(lost(heldBy('w'), { byes: new Set(['w', 'nobody']) })).toEqual(['w bye'])
  })

  test('of a holder that its host stops at will is an interruption', () => {
    const harness = heldBy('w', { interruptible: true })
    harness.advance(30_000)
    expect(lost(harness)).toEqual(['w interrupted'])
  })

  test('is never lost to oneself, and there is none to lose of a worker that holds nothing', () => {
    const harness = heldBy('me')
    harness.advance(10 ** 9)
    expect(lost(harness)).toEqual([])
    expect(untilSilent(harness.state, 'nobody', lockSilenceMs, harness.now().mono)).toBe(0)
  })

  test('is judged by one job of the many that its holder claimed', () => {
    const harness = createHarness({ bare: true })
    for (let n = 0; n < 500; n++) enqueue(harness, `j${n}`)
    claim(harness, { slots: 500, run: runOf('w', { leaseMs: 10_000 }) })
    harness.advance(9_999)
    const rows = rowsRead(harness.state)
    expect(untilSilent(harness.state, 'w', lockSilenceMs, harness.now().mono)).toBe(1)
    expect(lost(harness)).toEqual([])
    expect(rows()).toBeLessThan(10)
  })

  test('is not renewed by a worker that holds nothing', () => {
    const harness = createHarness()
    expect(harness.eventsOf((state, deciding) => decideRenew(state, 'w', deciding))).toEqual([])
  })
})

describe('taking back', () => {
  test('a crash is counted, and is no error', () => {
    const harness = heldBy('w')
    reclaim(harness, 'w', 'crash')
    expect(harness.job('j')).toMatchObject({ state: 'pending', crashes: 1, errors: 0, attempt: 1, epoch: 1 })
    expect(harness.job('j').releases).toBeUndefined()
  })

  test('from a holder that another observer was first to take from changes nothing', () => {
    const harness = heldBy('w')
    reclaim(harness, 'w', 'crash')
    reclaim(harness, 'w', 'crash')
    expect(harness.job('j')).toMatchObject({ state: 'pending', crashes: 1 })
  })

  test.each(['bye', 'interrupted'] as const)(
    'a holder lost by %s charges nothing: it is a release',
    (cause) => {
      const harness = heldBy('w')
      reclaim(harness, 'w', cause)
      expect(harness.job('j')).toMatchObject({ state: 'pending', releases: 1, fruitless: 1, errors: 0 })
      expect(harness.job('j').crashes).toBeUndefined()
    },
  )

  test('more crashes than allowed are poison', () => {
    const harness = heldBy('w')
    for (let crashes = 1; crashes <= 2; crashes++) {
      reclaim(harness, 'w', 'crash', 2)
      claim(harness, { run: runOf('w') })
    }
    expect(harness.job('j')).toMatchObject({ state: 'running', crashes: 2 })
    reclaim(harness, 'w', 'crash', 2)
    expect(harness.job('j')).toMatchObject({ state: 'dead', reason: 'poison', crashes: 3, errors: 0 })
  })

  test('progress beyond every earlier attempt wipes the crashes away', () => {
    const harness = heldBy('w')
    const progress = (number: number): void => {
      const holder = holderOf(harness, 'j')
      harness.decide((_, { emit }) => emit({ type: 'progressed', ...holder, value: String(number), number }))
    }
    progress(5)
    reclaim(harness, 'w', 'crash')
    claim(harness, { run: runOf('w') })
    progress(5)
    expect(harness.job('j').crashes).toBe(1)
    progress(6)
    expect(harness.job('j').crashes).toBeUndefined()
  })

  test('a job whose cancellation was asked for is cancelled', () => {
    const harness = heldBy('w')
    harness.decide((state, deciding) => decideCancel(state, 'j', deciding))
    reclaim(harness, 'w', 'crash')
    expect(harness.job('j').state).toBe('cancelled')
  })

  test("acknowledges another owner's death in that owner's outbox, where there is one", () => {
    const harness = createHarness({ acks: { completed: 'mine', dead: 'mine' } })
    const theirs = (id: string): void => {
      harness.decide((_, { emit }) => {
        emit({ type: 'enqueued', id, owner: 'you', kind: 'mail', once: true })
        emit({ type: 'claimed', run: runOf('w'), jobs: [id] })
      })
      reclaim(harness, 'w', 'crash')
    }
    theirs('unheard')
    expect(harness.job('unheard').ack).toBeUndefined()
    harness.decide((_, { emit }) => {
      emit({ type: 'enqueued', id: 'first', owner: 'you', kind: 'mail' })
      emit({ type: 'dead', id: 'first', reason: 'expired', outbox: 'theirs' })
    })
    theirs('heard')
    expect(harness.job('heard')).toMatchObject({ ack: 'queued', sequence: 2 })
    expect(harness.state.outboxes.get('you')).toMatchObject({ id: 'theirs', last: 2 })
  })
})
