import { describe, expect, test } from 'vitest'
import type { Job } from '../../../src/machine/job.ts'
import { decideRetention, excessDead, type Retention } from '../../../src/machine/upkeep.ts'
import { claim, createHarness, type Harness } from './harness.ts'

const none: Retention = { finishedMs: 0, finishedCount: 0, deadBytes: 0, deadMs: 0 }
const forEver = Number.POSITIVE_INFINITY
const ids = (jobs: readonly Job[]): string[] => jobs.map(({ id }) => id)

function enqueueFor(harness: Harness, owner: string, id: string, payload = '1'): void {
  harness.decide((_, { emit }) => emit({ type: 'enqueued', id, owner, kind: 'mail', payload }))
}

function finish(harness: Harness, owner: string, id: string): void {
  enqueueFor(harness, owner, id)
  harness.decide((_, { emit }) => emit({ type: 'cancelled', id }))
}

function die(harness: Harness, owner: string, id: string, payload?: string): void {
  enqueueFor(harness, owner, id, payload)
  harness.decide((_, { emit }) => emit({ type: 'dead', id, reason: 'fatal' }))
}

function retain(harness: Harness, owner: string, given: Partial<Retention>): string[] {
  return ids(
    harness.decide(
      (state, deciding) => decideRetention(state, { ...none, ...given }, () => false, deciding),
      owner,
    ),
  )
}

/** How often it is asked when a job finished. */
function lookedAt(harness: Harness, act: () => void): number {
  let looks = 0
  for (const job of [...harness.state.jobs.values()]) {
    const { finishedAt, ...rest } = job
    const row = Object.defineProperty({ ...rest }, 'finishedAt', {
      enumerable: true,
      get() {
        looks++
        return finishedAt
      },
    })
    harness.state.jobs.restore(job.id, row)
  }
  looks = 0
  act()
  return looks
}

describe('an owner', () => {
  test("has no say in how long another's finished jobs are kept, nor counts them among its own", () => {
    const harness = createHarness()
    finish(harness, 'you', 'theirs')
    for (const id of ['a', 'b']) finish(harness, 'me', id)
    expect(retain(harness, 'me', { finishedMs: forEver, finishedCount: 2 })).toEqual([])
    expect(retain(harness, 'me', {})).toEqual(['a', 'b'])
    expect([...harness.state.jobs.entries()].map(([id]) => id)).toEqual(['theirs'])
    expect(retain(harness, 'you', {})).toEqual(['theirs'])
  })

  test("loses no dead letter because another's are heavy", () => {
    const harness = createHarness()
    die(harness, 'me', 'a', '"small"')
    die(harness, 'you', 'x', 'x'.repeat(20_000))
    const excess = (owner: string): string[] =>
      ids(excessDead(harness.state, owner, { deadBytes: 5_000, deadMs: forEver }, harness.now().wall))
    expect(excess('me')).toEqual([])
    expect(excess('you')).toEqual(['x'])
  })
})

describe('what retention looks at', () => {
  const kept = { finishedMs: forEver, finishedCount: forEver }

  test('is the first to finish alone, however many are kept', () => {
    const harness = createHarness({ bare: true })
    for (let n = 0; n < 500; n++) finish(harness, 'me', `j${n}`)
    claim(harness)
    const looks = lookedAt(harness, () => expect(retain(harness, 'me', kept)).toEqual([]))
    // The decision is made twice, and each takes one from the top of a heap and puts it back.
    expect(looks).toBeLessThan(200)
  })

  test('is the first to die alone, however many dead letters are kept', () => {
    const harness = createHarness({ bare: true })
    for (let n = 0; n < 500; n++) die(harness, 'me', `j${n}`)
    const looks = lookedAt(harness, () =>
      expect(
        excessDead(harness.state, 'me', { deadBytes: 10 ** 9, deadMs: forEver }, harness.now().wall),
      ).toEqual([]),
    )
    expect(looks).toBeLessThan(100)
  })
})

describe('a pile', () => {
  test('has each once, and in order, after many changes of one that is in it', () => {
    const harness = createHarness({ bare: true })
    for (const id of ['a', 'b']) {
      die(harness, 'me', id)
      harness.advance(1)
    }
    for (let n = 0; n < 200; n++) {
      harness.decide((_, { emit }) => emit({ type: 'revised', id: 'a', why: 'edited', payload: String(n) }))
    }
    const pile = harness.state.index.dead('me')
    expect(ids([...pile.byFinish()])).toEqual(['a', 'b'])
    expect(ids([...pile.byFinish()])).toEqual(['a', 'b'])
    expect([pile.size, pile.bytes]).toEqual([2, 3 + 1 + 400])
  })
})
