import { describe, expect, test } from 'vitest'
import type { Ability } from '../../../src/machine/claim.ts'
import { decideCancel, decidePause, decideRedrive, decideRemove } from '../../../src/machine/operate.ts'
import { counts, type ListFilter, list, oldestPendingAgeMs, untilDue } from '../../../src/machine/query.ts'
import { type Here, whyNot } from '../../../src/machine/why.ts'
import * as settle from '../../../src/machine/settle.ts'
import { anyKind, claim, createHarness, enqueue, type Harness, holderOf, retry, runOf } from './harness.ts'
import { rowsRead } from './rows-read.ts'

const kinds = new Map<string, Ability>([['mail', anyKind]])

function listed(harness: Harness, filter: Partial<ListFilter> = {}, owner = 'me'): string[] {
  return list(harness.state, owner, { limit: 100, ...filter }, harness.now()).jobs.map(({ id }) => id)
}

function fail(harness: Harness, id: string, verdict: settle.Judged, deadBlocks = false): void {
  const holder = holderOf(harness, id)
  const policy = { retry, deadBlocks, random: 0.5 }
  harness.decide((state, deciding) =>
    settle.decideFailure(state, holder, { name: 'Error', message: 'no' }, verdict, policy, deciding),
  )
}

const cancel = (harness: Harness, id: string): unknown =>
  harness.decide((state, deciding) => decideCancel(state, id, deciding))

const theirs = (harness: Harness, id: string, waitMs?: number): void =>
  harness.decide((_, { emit }) => emit({ type: 'enqueued', id, owner: 'you', kind: 'mail', waitMs }))

describe('a list', () => {
  test('has the jobs in the order of their enqueueing, whatever became of them', () => {
    const harness = createHarness()
    for (const id of ['a', 'b', 'c']) enqueue(harness, id)
    claim(harness, { slots: 1 })
    cancel(harness, 'c')
    expect(listed(harness)).toEqual(['a', 'b', 'c'])
  })

  test('filters by state, kind and key', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { key: 'k' })
    enqueue(harness, 'b', { kind: 'photo' })
    enqueue(harness, 'c', { waitMs: 50, key: 'k' })
    claim(harness, { slots: 1 })
    expect(listed(harness, { state: 'running' })).toEqual(['a'])
    expect(listed(harness, { state: 'pending' })).toEqual(['b', 'c'])
    expect(listed(harness, { state: 'scheduled' })).toEqual(['c'])
    expect(listed(harness, { kind: 'photo' })).toEqual(['b'])
    expect(listed(harness, { key: 'k' })).toEqual(['a', 'c'])
    harness.advance(50)
    expect(listed(harness, { state: 'scheduled' })).toEqual([])
  })

  test('has what keeps a key from others', () => {
    const harness = createHarness()
    const keys = { blocking: 'k', behind: 'k', freed: 'l', running: 'l', 'of another': 'm' }
    for (const [id, key] of Object.entries(keys)) enqueue(harness, id, { key })
    for (const id of ['blocking', 'freed']) {
      claim(harness, { slots: 1, kinds })
      fail(harness, id, { type: 'fatal' }, id === 'blocking')
    }
    claim(harness, { slots: 1 })
    expect(listed(harness, { state: 'in-line', key: 'k' })).toEqual(['blocking', 'behind'])
    expect(listed(harness, { state: 'in-line', key: 'l' })).toEqual(['running'])
    cancel(harness, 'of another')
    expect(listed(harness, { state: 'in-line', key: 'm' })).toEqual([])
  })

  test('goes on behind its last job, also when that one is gone, and when others came', () => {
    const harness = createHarness()
    for (const id of ['a', 'b', 'c', 'd']) enqueue(harness, id)
    const first = list(harness.state, 'me', { limit: 2 }, harness.now())
    expect(first.jobs.map(({ id }) => id)).toEqual(['a', 'b'])
    harness.decide((state, deciding) => decideRemove(state, 'b', deciding))
    enqueue(harness, 'e')
    const second = list(harness.state, 'me', { limit: 2, after: first.next }, harness.now())
    expect(second.jobs.map(({ id }) => id)).toEqual(['c', 'd'])
    const third = list(harness.state, 'me', { limit: 2, after: second.next }, harness.now())
    expect(third).toMatchObject({ jobs: [{ id: 'e' }], next: undefined })
  })

  test('ends without a next when its last page is just full', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    expect(list(harness.state, 'me', { limit: 2 }, harness.now()).next).toBeUndefined()
  })

  test("shows an owner nothing of another's", () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    theirs(harness, 'x')
    expect(listed(harness)).toEqual(['a'])
    expect(listed(harness, {}, 'you')).toEqual(['x'])
    expect(listed(harness, {}, 'nobody')).toEqual([])
  })

  test('of a rare state, of another owner or of another kind, reads nothing but those, but for the first', () => {
    const harness = createHarness({ bare: true })
    for (const id of ['a', 'b']) enqueue(harness, id)
    claim(harness)
    fail(harness, 'a', { type: 'fatal' })
    theirs(harness, 'x')
    expect(listed(harness)).toEqual(['a', 'b'])
    for (let n = 1; n <= 1_000; n++) enqueue(harness, `j${n}`, { kind: 'photo' })
    const rows = rowsRead(harness.state)
    expect(listed(harness, { state: 'dead' })).toEqual(['a'])
    expect(listed(harness, { state: 'running' })).toEqual(['b'])
    expect(listed(harness, { state: 'completed' })).toEqual([])
    expect(listed(harness, { kind: 'mail' })).toEqual(['a', 'b'])
    expect(listed(harness, {}, 'you')).toEqual(['x'])
    expect(rows()).toBeLessThan(10)
  })

  test('reads no page before the one it goes on from', () => {
    const harness = createHarness({ bare: true })
    for (let n = 1; n <= 1_000; n++) enqueue(harness, `j${n}`)
    listed(harness, { limit: 1 })
    const rows = rowsRead(harness.state)
    expect(listed(harness, { limit: 3, after: '900' })).toEqual(['j901', 'j902', 'j903'])
    expect(rows()).toBeLessThan(256)
  })

  test('refuses a cursor that is none', () => {
    const harness = createHarness()
    expect(() => listed(harness, { after: 'x' })).toThrow(
      new RangeError('Cannot list: after is "x", expected the next of an earlier list'),
    )
  })
})

describe('counts', () => {
  test('tell each kind and state, and what is scheduled', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    enqueue(harness, 'c', { waitMs: 50 })
    enqueue(harness, 'p', { kind: 'photo', waitMs: 50 })
    theirs(harness, 'x')
    claim(harness, { slots: 1 })
    cancel(harness, 'b')
    const none = { pending: 0, scheduled: 0, running: 0, completed: 0, dead: 0, cancelled: 0 }
    expect(counts(harness.state, 'me', harness.now())).toEqual({
      total: { ...none, pending: 2, scheduled: 2, running: 1, cancelled: 1 },
      kinds: {
        mail: { ...none, pending: 1, scheduled: 1, running: 1, cancelled: 1 },
        photo: { ...none, pending: 1, scheduled: 1 },
      },
    })
    expect(counts(harness.state, 'nobody', harness.now())).toEqual({ total: none, kinds: {} })
  })

  test('tell as scheduled only what is not due yet, also where nobody claims', () => {
    const harness = createHarness()
    enqueue(harness, 'soon', { waitMs: 50 })
    enqueue(harness, 'late', { waitMs: 500 })
    harness.advance(50)
    expect(counts(harness.state, 'me', harness.now()).total).toMatchObject({ pending: 2, scheduled: 1 })
    expect(listed(harness, { state: 'scheduled' })).toEqual(['late'])
  })
})

describe('the oldest pending age', () => {
  test('is that of the first that is due, and null when none is', () => {
    const harness = createHarness()
    const age = (owner = 'me'): number | null => oldestPendingAgeMs(harness.state, owner, harness.now())
    expect(age()).toBeNull()
    enqueue(harness, 'a', { waitMs: 1_000 })
    harness.advance(300)
    enqueue(harness, 'b')
    harness.advance(100)
    expect(age()).toBe(100)
    harness.advance(600)
    expect(age()).toBe(1_000)
    expect(age('you')).toBeNull()
    claim(harness)
    expect(age()).toBeNull()
  })

  test('is also that of one that backs off after a failure: its work is as late as that of any other', () => {
    const harness = createHarness()
    const age = (): number | null => oldestPendingAgeMs(harness.state, 'me', harness.now())
    enqueue(harness, 'put off', { waitMs: 60_000 })
    harness.advance(100)
    enqueue(harness, 'a')
    harness.advance(200)
    claim(harness)
    fail(harness, 'a', { type: 'retry', afterMs: 30_000 })
    harness.advance(300)
    expect(age()).toBe(500)
    harness.advance(30_000)
    claim(harness)
    expect(age()).toBeNull()
  })

  test('is not that of one that was snoozed since it failed, and is that of one redriven', () => {
    const harness = createHarness()
    const age = (): number | null => oldestPendingAgeMs(harness.state, 'me', harness.now())
    enqueue(harness, 'a')
    claim(harness)
    fail(harness, 'a', { type: 'retry', afterMs: 100 })
    expect(age()).toBe(0)
    harness.advance(3_600_000)
    claim(harness)
    harness.decide((state, deciding) => settle.decideSnooze(state, holderOf(harness, 'a'), 500, deciding))
    expect(age()).toBeNull()
    harness.advance(500)
    expect(age()).toBe(3_600_500)
    claim(harness)
    fail(harness, 'a', { type: 'fatal' })
    expect(age()).toBeNull()
    harness.decide((state, deciding) => decideRedrive(state, 'a', deciding))
    expect(age()).toBe(3_600_500)
  })

  test('is found without a look at what finished, or at a kind of which nothing is due', () => {
    const harness = createHarness({ bare: true })
    for (let n = 1; n <= 500; n++) enqueue(harness, `j${n}`)
    claim(harness, { slots: 500 })
    for (let n = 1; n <= 500; n++) enqueue(harness, `k${n}`, { kind: 'photo', waitMs: 1_000 })
    enqueue(harness, 'a')
    harness.advance(70)
    const oldest = (): number | null => oldestPendingAgeMs(harness.state, 'me', harness.now())
    expect(oldest()).toBe(70)
    const rows = rowsRead(harness.state)
    expect(oldest()).toBe(70)
    expect(rows()).toBeLessThan(10)
  })

  test('is nothing when the wall clock was set back', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    harness.setWall(0)
    expect(oldestPendingAgeMs(harness.state, 'me', harness.now())).toBe(0)
  })
})

describe('why a job does not run', () => {
  const here: Here = { kinds, started: true, online: true, slots: 4, maxRunning: 10 }
  const why = (harness: Harness, id: string, given: Partial<Here> = {}) =>
    whyNot(harness.state, id, { ...here, ...given }, harness.now())

  test('it does, or is finished, or not there', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    claim(harness, { run: runOf('w') })
    expect(why(harness, 'a')).toEqual({ reason: 'running', worker: 'w', since: harness.now().wall })
    fail(harness, 'a', { type: 'fatal' })
    expect(why(harness, 'a')).toEqual({ reason: 'finished', state: 'dead' })
    expect(() => why(harness, 'x')).toThrow(expect.objectContaining({ code: 'not-found' }))
  })

  test('it waits', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { waitMs: 70 })
    expect(why(harness, 'a')).toEqual({ reason: 'scheduled', availableAt: harness.now().wall + 70 })
  })

  test('it stands behind another of its key, or behind what it follows', () => {
    const harness = createHarness()
    const dedupe = { key: 'd', while: ['pending', 'running'] } as const
    enqueue(harness, 'a', { key: 'k', dedupe })
    enqueue(harness, 'b', { key: 'k' })
    const head = { reason: 'behind', key: 'k', head: 'a', headState: 'pending' }
    expect(why(harness, 'b')).toEqual(head)
    claim(harness)
    enqueue(harness, 'c', { dedupe, onDuplicate: 'queue-one' })
    expect(why(harness, 'c')).toEqual({ ...head, key: 'd', headState: 'running' })
    fail(harness, 'a', { type: 'fatal' }, true)
    expect(why(harness, 'b')).toEqual({ reason: 'blocked-by-dead', key: 'k', head: 'a' })
    expect(why(harness, 'c')).toEqual({ reason: 'ready' })
  })

  test('its owner has paused, or its kind is held', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    claim(harness)
    fail(harness, 'a', { type: 'hold', cause: 'throttled', afterMs: 500 })
    expect(why(harness, 'a')).toEqual({
      reason: 'held',
      cause: 'throttled',
      probeAt: harness.now().wall + 500,
    })
    fail(harness, 'b', { type: 'hold-until-resume' })
    expect(why(harness, 'a')).toEqual({ reason: 'held', cause: 'unauthorized', until: 'resume' })
    harness.decide((state, deciding) => decidePause(state, true, deciding))
    expect(why(harness, 'a')).toEqual({ reason: 'paused' })
  })

  test('there is no network, or a limit is reached', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    claim(harness, { slots: 1 })
    expect(why(harness, 'b', { online: false })).toEqual({ reason: 'offline' })
    const limited = new Map([['mail', { maxRunning: 1, needsNetwork: false }]])
    const limit = { reason: 'limit', maxRunning: 1, running: 1 }
    expect(why(harness, 'b', { kinds: limited, online: false })).toEqual({ ...limit, scope: 'kind' })
    expect(why(harness, 'b', { maxRunning: 1 })).toEqual({ ...limit, scope: 'queue' })
  })

  test('nobody here can, nothing was started, all slots are taken, or nothing stands in its way', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    expect(why(harness, 'a', { kinds: new Map() })).toEqual({ reason: 'no-handler' })
    expect(why(harness, 'a', { started: false })).toEqual({ reason: 'no-worker' })
    expect(why(harness, 'a', { slots: 0 })).toEqual({ reason: 'busy' })
    expect(why(harness, 'a')).toEqual({ reason: 'ready' })
  })
})

describe('until something is due', () => {
  const until = (harness: Harness): number => untilDue(harness.state, 'me', kinds, harness.now())

  test('is never, when time changes nothing', () => {
    const harness = createHarness()
    expect(until(harness)).toBe(Number.POSITIVE_INFINITY)
    enqueue(harness, 'a')
    enqueue(harness, 'p', { kind: 'photo', waitMs: 10 })
    theirs(harness, 'x', 10)
    expect(until(harness)).toBe(Number.POSITIVE_INFINITY)
  })

  test('is the first wait or expiry, and 0 once it is over, until a claim has looked at it', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { waitMs: 100 })
    enqueue(harness, 'b', { expiresInMs: 70 })
    expect(until(harness)).toBe(70)
    harness.advance(70)
    expect(until(harness)).toBe(0)
    claim(harness, { slots: 0 })
    expect(until(harness)).toBe(30)
    harness.advance(30)
    expect(until(harness)).toBe(0)
    claim(harness, { slots: 0 })
    expect(until(harness)).toBe(Number.POSITIVE_INFINITY)
  })

  test('is only expiry while the owner has paused', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { waitMs: 100, expiresInMs: 500 })
    harness.decide((state, deciding) => decidePause(state, true, deciding))
    expect(until(harness)).toBe(500)
  })

  test('is the next probe of a hold, if somebody can go', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    claim(harness)
    fail(harness, 'a', { type: 'hold', afterMs: 400 })
    expect(until(harness)).toBe(400)
    cancel(harness, 'a')
    expect(until(harness)).toBe(Number.POSITIVE_INFINITY)
    enqueue(harness, 'c', { waitMs: 900 })
    expect(until(harness)).toBe(900)
    harness.advance(400)
    claim(harness)
    expect(until(harness)).toBe(500)
  })

  test('is never, for a hold whose probe is out, and for one until resume', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id)
    claim(harness, { slots: 1 })
    harness.advance(1)
    fail(harness, 'a', { type: 'hold', afterMs: 400 })
    harness.advance(400)
    expect(until(harness)).toBe(0)
    expect(claim(harness)).toEqual(['b'])
    expect(until(harness)).toBe(Number.POSITIVE_INFINITY)
    fail(harness, 'b', { type: 'hold-until-resume' })
    enqueue(harness, 'c', { waitMs: 50 })
    expect(until(harness)).toBe(Number.POSITIVE_INFINITY)
  })
})
