import { describe, expect, test } from 'vitest'
import { decideClaim } from '../../../src/machine/claim.ts'
import { decideReclaim } from '../../../src/machine/leases.ts'
import {
  decideCancel,
  decideEdit,
  decidePause,
  decideRedrive,
  decideRemove,
} from '../../../src/machine/operate.ts'
import * as settle from '../../../src/machine/settle.ts'
import {
  anyKind,
  claim,
  claimRequest,
  createHarness,
  enqueue,
  type Harness,
  holderOf,
  retry,
  runOf,
} from './harness.ts'

const both = new Map([
  ['mail', anyKind],
  ['photo', anyKind],
])

function complete(harness: Harness, id: string): void {
  const holder = holderOf(harness, id)
  harness.decide((state, deciding) => settle.decideComplete(state, holder, undefined, deciding))
}

function fail(harness: Harness, id: string, given: { fatal?: boolean; deadBlocks?: boolean } = {}): void {
  const holder = holderOf(harness, id)
  const policy = { retry, deadBlocks: given.deadBlocks ?? false, random: 0.5 }
  const verdict = { type: given.fatal ? 'fatal' : 'retry' } as const
  harness.decide((state, deciding) =>
    settle.decideFailure(state, holder, { name: 'Error', message: 'no' }, verdict, policy, deciding),
  )
}

function crash(harness: Harness, worker: string, times = 1, maxCrashes = 9): void {
  for (let time = 0; time < times; time++) {
    if (time > 0) claim(harness, { run: runOf(worker) })
    harness.decide((state, deciding) =>
      decideReclaim(state, [{ worker, cause: 'crash' }], maxCrashes, deciding),
    )
  }
}

describe('a claim', () => {
  test('makes a job running under a new epoch and attempt, held by the worker', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    harness.advance(5)
    claim(harness, { run: runOf('w') })
    expect(harness.job('a')).toMatchObject({ state: 'running', epoch: 1, attempt: 1, run: { worker: 'w' } })
    expect(harness.job('a').startedAt).toBe(harness.now().wall)
    expect(harness.state.index.held.get('w')).toEqual(new Set(['a']))
  })

  test('takes the first enqueued first, as far as its slots go', () => {
    const harness = createHarness()
    for (const id of ['a', 'b', 'c']) enqueue(harness, id)
    expect(claim(harness, { slots: 2 })).toEqual(['a', 'b'])
    expect(claim(harness, { slots: 0 })).toEqual([])
  })

  test('takes a higher priority first, but ages: a minute of waiting is worth one step', () => {
    const harness = createHarness()
    enqueue(harness, 'old')
    harness.advance(59_999)
    enqueue(harness, 'urgent', { priority: 1 })
    harness.advance(2)
    enqueue(harness, 'later', { priority: 1 })
    expect(claim(harness, { slots: 1 })).toEqual(['urgent'])
    expect(claim(harness)).toEqual(['old', 'later'])
  })

  test('lets priority be worth as much as the queue says', () => {
    const harness = createHarness({ boostMs: 1_000 })
    enqueue(harness, 'old')
    harness.advance(1_500)
    enqueue(harness, 'urgent', { priority: 1 })
    expect(claim(harness)).toEqual(['old', 'urgent'])
  })

  test('takes a job once, though it was offered, undone and offered again', () => {
    const harness = createHarness({ bare: true })
    enqueue(harness, 'a')
    for (let round = 0; round < 3; round++)
      harness.refuse((state, deciding) => decideCancel(state, 'a', deciding))
    expect(claim(harness)).toEqual(['a'])
    expect(harness.job('a')).toMatchObject({ epoch: 1, attempt: 1 })
  })

  test('finds a job again after its claim was refused, again and again', () => {
    const harness = createHarness({ bare: true })
    enqueue(harness, 'a', { waitMs: 100, key: 'k' })
    harness.advance(100)
    for (let round = 0; round < 3; round++) {
      harness.refuse((state, deciding) => decideClaim(state, claimRequest(), deciding))
    }
    expect(claim(harness)).toEqual(['a'])
  })

  test('finds by its monotonic clock what waited, though the wall clock was set back and a claim refused', () => {
    const harness = createHarness({ bare: true })
    enqueue(harness, 'a', { waitMs: 1_000 })
    harness.setWall(0)
    harness.advance(1_000)
    harness.refuse((state, deciding) => decideClaim(state, claimRequest(), deciding))
    expect(claim(harness)).toEqual(['a'])
  })

  test('leaves kinds without a handler here, and those of another owner', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { kind: 'photo' })
    enqueue(harness, 'b')
    expect(claim(harness)).toEqual(['b'])
    const theirs = harness.decide(
      (state, deciding) => decideClaim(state, claimRequest({ kinds: both }), deciding),
      'you',
    )
    expect(theirs).toEqual([])
  })

  test('keeps to what may run at once of a kind, and in all, over all workers', () => {
    const harness = createHarness()
    for (const id of ['a', 'b', 'c']) enqueue(harness, id)
    for (const id of ['p', 'q']) enqueue(harness, id, { kind: 'photo' })
    const kinds = new Map([...both, ['mail', { maxRunning: 2, needsNetwork: true }]])
    expect(claim(harness, { kinds, slots: 1 })).toEqual(['a'])
    expect(claim(harness, { kinds, maxRunning: 3, run: runOf('b') })).toEqual(['b', 'p'])
    expect(claim(harness, { kinds, maxRunning: 3, run: runOf('b') })).toEqual([])
    expect(claim(harness, { kinds, run: runOf('b') })).toEqual(['q'])
    complete(harness, 'a')
    expect(claim(harness, { kinds })).toEqual(['c'])
  })

  test('without a network takes only what needs none', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    enqueue(harness, 'b', { kind: 'photo' })
    const kinds = new Map([...both, ['photo', { maxRunning: 9, needsNetwork: false }]])
    expect(claim(harness, { kinds, online: false })).toEqual(['b'])
    expect(claim(harness, { kinds })).toEqual(['a'])
  })

  test('takes nothing while the owner has paused', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    harness.decide((state, deciding) => decidePause(state, true, deciding))
    expect(claim(harness)).toEqual([])
    harness.decide((state, deciding) => decidePause(state, false, deciding))
    expect(claim(harness)).toEqual(['a'])
  })

  test('never takes what has expired', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { expiresInMs: 100 })
    harness.advance(100)
    expect(claim(harness)).toEqual([])
    expect(harness.job('a')).toMatchObject({ state: 'dead', reason: 'expired' })
  })

  test('takes nothing while more has expired than one entry can say', () => {
    const harness = createHarness({ bare: true })
    for (let n = 0; n <= 1_000; n++) enqueue(harness, `j${n}`, { expiresInMs: 10 })
    enqueue(harness, 'good')
    harness.advance(10)
    expect(claim(harness)).toEqual([])
    expect(claim(harness)).toEqual(['good'])
    expect(harness.state.index.dead('me').size).toBe(1_001)
  })
})

describe('jobs of one key', () => {
  test('run one at a time in the order they were enqueued, across kinds, whatever their priority', () => {
    const harness = createHarness()
    enqueue(harness, 'a', { key: 'k' })
    enqueue(harness, 'b', { key: 'k', kind: 'photo', priority: 9 })
    enqueue(harness, 'c', { key: 'k' })
    enqueue(harness, 'other', { key: 'l' })
    expect(claim(harness, { kinds: both })).toEqual(['a', 'other'])
    expect(claim(harness, { kinds: both })).toEqual([])
    complete(harness, 'a')
    expect(claim(harness, { kinds: both })).toEqual(['b'])
    complete(harness, 'b')
    expect(claim(harness, { kinds: both })).toEqual(['c'])
  })

  test('wait for a head that backs off, and nobody else does', () => {
    const harness = createHarness()
    for (const id of ['a', 'b']) enqueue(harness, id, { key: 'k' })
    claim(harness)
    fail(harness, 'a')
    enqueue(harness, 'free')
    expect(claim(harness)).toEqual(['free'])
    harness.advance(1_000)
    expect(claim(harness)).toEqual(['a'])
  })

  test('go on when their head is dead, unless it keeps its key', () => {
    const harness = createHarness()
    for (const id of ['a', 'b', 'c']) enqueue(harness, id, { key: 'k' })
    claim(harness)
    fail(harness, 'a', { fatal: true })
    expect(claim(harness)).toEqual(['b'])
    fail(harness, 'b', { fatal: true, deadBlocks: true })
    expect(claim(harness)).toEqual([])
    harness.decide((state, deciding) => decideRemove(state, 'b', deciding))
    expect(claim(harness)).toEqual(['c'])
  })

  test.each([
    [
      'expired',
      (harness: Harness) => {
        harness.advance(60_000)
      },
    ],
    [
      'poison',
      (harness: Harness) => {
        claim(harness)
        crash(harness, 'a', 2, 1)
      },
    ],
  ] as const)('wait for a head that is %s, where its enqueue said that it keeps its key', (reason, kill) => {
    const harness = createHarness()
    enqueue(harness, 'a', { key: 'k', blocks: true, expiresInMs: 60_000 })
    enqueue(harness, 'b', { key: 'k', blocks: true })
    kill(harness)
    expect(claim(harness)).toEqual([])
    expect(harness.job('a')).toMatchObject({ state: 'dead', reason, blocks: true })
    harness.decide((state, deciding) => decideRedrive(state, 'a', deciding))
    expect(claim(harness)).toEqual(['b'])
  })

  test('a dead head that keeps its key blocks that key, not the dedupe key it had', () => {
    const harness = createHarness()
    const dedupe = { key: 'd', while: ['pending', 'running'] } as const
    enqueue(harness, 'a', { key: 'k', dedupe })
    claim(harness)
    fail(harness, 'a', { fatal: true, deadBlocks: true })
    enqueue(harness, 'b', { dedupe })
    enqueue(harness, 'c', { key: 'k' })
    expect(claim(harness)).toEqual(['b'])
  })

  test('close up when one in the middle is cancelled', () => {
    const harness = createHarness()
    for (const id of ['a', 'b', 'c']) enqueue(harness, id, { key: 'k' })
    harness.decide((state, deciding) => decideCancel(state, 'b', deciding))
    claim(harness)
    complete(harness, 'a')
    expect(claim(harness)).toEqual(['c'])
  })

  test('let what is redriven in again at the tail', () => {
    const harness = createHarness()
    for (const id of ['a', 'b', 'c']) enqueue(harness, id, { key: 'k' })
    harness.decide((state, deciding) => decideCancel(state, 'a', deciding))
    harness.decide((state, deciding) => decideRedrive(state, 'a', deciding))
    const order: string[] = []
    for (let round = 0; round < 3; round++) {
      const [id = ''] = claim(harness)
      order.push(id)
      complete(harness, id)
    }
    expect(order).toEqual(['b', 'c', 'a'])
  })

  test('stay in line through edits, and through refusals of whatever would have moved them', () => {
    const harness = createHarness({ bare: true })
    for (const id of ['a', 'b']) enqueue(harness, id, { key: 'k' })
    harness.refuse((state, deciding) => decideCancel(state, 'a', deciding))
    harness.refuse((state, deciding) => decideRemove(state, 'a', deciding))
    harness.decide((state, deciding) => decideEdit(state, 'a', { payload: '2' }, deciding))
    expect(claim(harness)).toEqual(['a'])
    complete(harness, 'a')
    expect(claim(harness)).toEqual(['b'])
  })

  test("of another owner's key do not wait for each other", () => {
    const harness = createHarness()
    enqueue(harness, 'a', { key: 'k' })
    claim(harness)
    harness.decide((_, { emit }) => emit({ type: 'enqueued', id: 'x', owner: 'you', kind: 'mail', key: 'k' }))
    const theirs = harness.decide((state, deciding) => decideClaim(state, claimRequest(), deciding), 'you')
    expect(theirs).toEqual([{ id: 'x', epoch: 1 }])
  })
})

describe('a job that took its holder down with it', () => {
  const crashed = (times: number): Harness => {
    const harness = createHarness()
    enqueue(harness, 'bad')
    claim(harness, { run: runOf('x') })
    crash(harness, 'x', times)
    return harness
  }

  test('is run again with others after its first crash', () => {
    const harness = crashed(1)
    enqueue(harness, 'good')
    expect(claim(harness)).toEqual(['bad', 'good'])
  })

  test('runs alone in its context from its second crash on', () => {
    const harness = crashed(2)
    harness.advance(1)
    enqueue(harness, 'good')
    expect(claim(harness)).toEqual(['bad'])
    expect(claim(harness)).toEqual([])
    expect(claim(harness, { run: runOf('b') })).toEqual(['good'])
    complete(harness, 'bad')
    enqueue(harness, 'next')
    expect(claim(harness)).toEqual(['next'])
  })

  test('waits, once it is its turn, until its context is idle', () => {
    const harness = createHarness()
    enqueue(harness, 'bad')
    claim(harness, { run: runOf('x') })
    enqueue(harness, 'busy')
    claim(harness)
    crash(harness, 'x', 2)
    harness.advance(1)
    enqueue(harness, 'good')
    expect(claim(harness)).toEqual([])
    complete(harness, 'busy')
    expect(claim(harness)).toEqual(['bad'])
  })

  test('does not join what was just claimed', () => {
    const harness = createHarness()
    enqueue(harness, 'bad', { waitMs: 0 })
    claim(harness, { run: runOf('x') })
    enqueue(harness, 'first', { priority: 1 })
    harness.advance(10)
    crash(harness, 'x', 2)
    expect(claim(harness)).toEqual(['first'])
  })
})
