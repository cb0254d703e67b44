import { describe, expect, test } from 'vitest'
import { decideEnqueue, type EnqueueRequest, pendingOf } from '../../../src/machine/enqueue.ts'
import { decideCancel, decideRemove } from '../../../src/machine/operate.ts'
import * as settle from '../../../src/machine/settle.ts'
import { claim, createHarness, enqueue, type Harness, holderOf, noBacklog, retry } from './harness.ts'

const waiting = ['pending', 'running'] as const
const once = (key = 'd', given: Partial<EnqueueRequest> = {}): Partial<EnqueueRequest> => ({
  dedupe: { key, while: [...waiting] },
  ...given,
})

function complete(harness: Harness, id: string): void {
  const holder = holderOf(harness, id)
  harness.decide((state, deciding) => settle.decideComplete(state, holder, undefined, deciding))
}

function fail(harness: Harness, id: string, afterMs: number): void {
  const holder = holderOf(harness, id)
  const policy = { retry, deadBlocks: false, random: 0.5 }
  const note = { name: 'Error', message: 'no' }
  harness.decide((state, deciding) =>
    settle.decideFailure(state, holder, note, { type: 'retry', afterMs }, policy, deciding),
  )
}

describe('an enqueue', () => {
  test('makes a pending job of what it was given', () => {
    const harness = createHarness()
    const result = enqueue(harness, 'j', { payload: '1', priority: 2, key: 'k', version: 3, once: true })
    expect(result).toEqual({ id: 'j', outcome: 'created', taken: true, superseded: false })
    expect(harness.job('j')).toMatchObject({
      state: 'pending',
      owner: 'me',
      ordinal: 1,
      payload: '1',
      priority: 2,
      key: 'k',
      version: 3,
      once: true,
      attempt: 0,
      revision: 1,
      availableAt: harness.now().wall,
    })
  })

  test('with a wait is not claimed before it is over', () => {
    const harness = createHarness()
    enqueue(harness, 'j', { waitMs: 500 })
    expect(claim(harness)).toEqual([])
    harness.advance(499)
    expect(claim(harness)).toEqual([])
    harness.advance(1)
    expect(claim(harness)).toEqual(['j'])
  })

  test('keeps endless durations as long as a log can tell, so that every context reads the same', () => {
    const harness = createHarness()
    const endless = Number.POSITIVE_INFINITY
    const dedupe = { key: 'd', while: [], ms: endless }
    enqueue(harness, 'j', { waitMs: endless, expiresInMs: endless, dedupe })
    expect(Number.isSafeInteger(harness.job('j').availableAt)).toBe(true)
    expect(enqueue(harness, 'k', { dedupe })).toMatchObject({ id: 'j', outcome: 'duplicate' })
  })
})

describe('a taken dedupe key', () => {
  test('keep: leaves the earlier job as it is, and says whose the key is', () => {
    const harness = createHarness()
    enqueue(harness, 'a', once('d', { payload: '1' }))
    const duplicate = { id: 'a', outcome: 'duplicate', taken: false, superseded: false }
    expect(enqueue(harness, 'b', once('d', { payload: '2' }))).toEqual(duplicate)
    expect(harness.job('a').payload).toBe('1')
    claim(harness)
    expect(enqueue(harness, 'c', once())).toEqual(duplicate)
    complete(harness, 'a')
    expect(enqueue(harness, 'd', once()).outcome).toBe('created')
  })

  test('is another for another key, kind or owner', () => {
    const harness = createHarness()
    enqueue(harness, 'a', once())
    expect(enqueue(harness, 'b', once('e')).outcome).toBe('created')
    expect(enqueue(harness, 'c', once('d', { kind: 'photo' })).outcome).toBe('created')
    const theirs = {
      id: 'x',
      kind: 'mail',
      onDuplicate: 'keep',
      dedupe: { key: 'd', while: waiting },
    } as const
    const result = harness.decide(
      (state, deciding) => decideEnqueue(state, theirs, noBacklog, deciding),
      'you',
    )
    expect(result.outcome).toBe('created')
  })

  test('replace: gives the waiting job the new payload and a new revision, and leaves its wait', () => {
    const harness = createHarness()
    enqueue(harness, 'a', once('d', { payload: '1', waitMs: 900, priority: 4 }))
    harness.advance(100)
    const given = once('d', { payload: '2', onDuplicate: 'replace' })
    expect(enqueue(harness, 'b', given)).toEqual({
      id: 'a',
      outcome: 'replaced',
      taken: true,
      superseded: false,
    })
    expect(harness.job('a')).toMatchObject({ payload: '2', revision: 2, waitMs: 900, priority: 4 })
    harness.advance(800)
    expect(claim(harness)).toEqual(['a'])
  })

  test('replace: says that a payload beside the log is not wanted any more', () => {
    const harness = createHarness()
    enqueue(harness, 'a', once('d', { beside: 5_000 }))
    expect(enqueue(harness, 'b', once('d', { payload: '2', onDuplicate: 'replace' })).superseded).toBe(true)
    expect(harness.job('a').beside).toBeUndefined()
  })

  test('replace: with a wait of its own starts that anew', () => {
    const harness = createHarness()
    enqueue(harness, 'a', once('d', { waitMs: 900 }))
    harness.advance(800)
    enqueue(harness, 'b', once('d', { waitMs: 300, onDuplicate: 'replace', priority: 1 }))
    expect(harness.job('a')).toMatchObject({ availableAt: harness.now().wall + 300, priority: 1 })
  })

  test('replace: does not cut short what a failure made it wait for', () => {
    const harness = createHarness()
    enqueue(harness, 'a', once())
    claim(harness)
    fail(harness, 'a', 60_000)
    enqueue(harness, 'b', once('d', { waitMs: 5, onDuplicate: 'debounce' }))
    expect(harness.job('a').availableAt).toBe(harness.now().wall + 60_000)
  })

  test('debounce: puts the waiting job off, but no longer than debounceMaxMs in all', () => {
    const harness = createHarness()
    const given = once('d', { waitMs: 500, onDuplicate: 'debounce', debounceMaxMs: 1_200 })
    const firstAt = harness.now().wall
    enqueue(harness, 'a', given)
    harness.advance(400)
    expect(enqueue(harness, 'b', given)).toMatchObject({ id: 'a', outcome: 'debounced' })
    expect(harness.job('a').availableAt).toBe(firstAt + 900)
    harness.advance(400)
    enqueue(harness, 'c', given)
    expect(harness.job('a').availableAt).toBe(firstAt + 1_200)
    harness.advance(400)
    expect(claim(harness)).toEqual(['a'])
  })

  test('debounce: without a wait makes it due at once', () => {
    const harness = createHarness()
    enqueue(harness, 'a', once('d', { waitMs: 5_000 }))
    enqueue(harness, 'b', once('d', { onDuplicate: 'debounce' }))
    expect(claim(harness)).toEqual(['a'])
  })

  test.each(['replace', 'debounce', 'queue-one'] as const)(
    '%s: makes one follower of a running job, and keeps it at one',
    (onDuplicate) => {
      const harness = createHarness()
      enqueue(harness, 'a', once('d', { payload: '1' }))
      claim(harness)
      const given = once('d', { payload: '2', onDuplicate })
      expect(enqueue(harness, 'b', given)).toMatchObject({ id: 'b', outcome: 'queued', taken: true })
      expect(enqueue(harness, 'c', given).id).toBe('b')
      expect(claim(harness)).toEqual([])
      complete(harness, 'a')
      expect(claim(harness)).toEqual(['b'])
    },
  )

  test('queue-one: on a waiting job adds nothing', () => {
    const harness = createHarness()
    enqueue(harness, 'a', once())
    expect(enqueue(harness, 'b', once('d', { onDuplicate: 'queue-one' }))).toMatchObject({
      id: 'a',
      outcome: 'duplicate',
      taken: false,
    })
  })

  test('a follower is one even where waiting jobs do not count', () => {
    const harness = createHarness()
    const given = { dedupe: { key: 'd', while: ['running'] }, onDuplicate: 'queue-one' } as const
    enqueue(harness, 'a', given)
    claim(harness)
    expect(enqueue(harness, 'b', given).outcome).toBe('queued')
    expect(enqueue(harness, 'c', given)).toMatchObject({ id: 'b', outcome: 'duplicate' })
  })

  test('a follower with another key does not overtake', () => {
    const harness = createHarness()
    enqueue(harness, 'a', once('d', { key: 'k' }))
    claim(harness)
    enqueue(harness, 'b', once('d', { key: 'l', onDuplicate: 'replace' }))
    expect(claim(harness)).toEqual([])
    complete(harness, 'a')
    expect(claim(harness)).toEqual(['b'])
  })

  test('counts in the states asked for: a finished job may take it, too', () => {
    const harness = createHarness()
    const given = { dedupe: { key: 'd', while: ['completed'] }, onDuplicate: 'replace' } as const
    enqueue(harness, 'a', given)
    expect(enqueue(harness, 'b', given).outcome).toBe('created')
    claim(harness)
    complete(harness, 'a')
    claim(harness)
    complete(harness, 'b')
    expect(enqueue(harness, 'c', given)).toMatchObject({ id: 'b', outcome: 'duplicate' })
  })

  test('is the newest job’s that takes it, whatever was heard of the older ones last', () => {
    const harness = createHarness({ acks: { completed: 'box' } })
    const given = { dedupe: { key: 'd', while: ['completed'] } } as const
    for (const id of ['a', 'b']) enqueue(harness, id, given)
    for (const id of ['a', 'b']) {
      claim(harness)
      complete(harness, id)
    }
    harness.decide((_, { emit }) => emit({ type: 'acked', owner: 'me', sender: 's', through: 1 }))
    expect(enqueue(harness, 'c', given)).toMatchObject({ id: 'b', outcome: 'duplicate' })
  })

  test('for a time, is taken for that long whatever becomes of the job', () => {
    const harness = createHarness()
    const given = { dedupe: { key: 'd', while: [], ms: 1_000 } }
    enqueue(harness, 'a', given)
    harness.decide((state, deciding) => decideRemove(state, 'a', deciding))
    harness.advance(999)
    expect(enqueue(harness, 'b', given)).toMatchObject({ id: 'a', outcome: 'duplicate' })
    harness.advance(1)
    expect(enqueue(harness, 'c', given).outcome).toBe('created')
  })

  test('for a time, is replaced, followed and freed as any other', () => {
    const harness = createHarness()
    const given = { dedupe: { key: 'd', while: [], ms: 9_000 }, onDuplicate: 'replace' } as const
    enqueue(harness, 'a', given)
    expect(enqueue(harness, 'b', given)).toMatchObject({ id: 'a', outcome: 'replaced' })
    claim(harness)
    expect(enqueue(harness, 'c', given)).toMatchObject({ id: 'c', outcome: 'queued' })
    expect(claim(harness)).toEqual([])
  })

  test('is free again once its job was cancelled', () => {
    const harness = createHarness()
    enqueue(harness, 'a', once())
    harness.decide((state, deciding) => decideCancel(state, 'a', deciding))
    expect(enqueue(harness, 'b', once()).outcome).toBe('created')
  })
})

describe('a full backlog', () => {
  test('rejects, and takes nothing in', () => {
    const harness = createHarness()
    const backlog = { maxPending: 2, overflow: 'reject' } as const
    enqueue(harness, 'a', {}, backlog)
    enqueue(harness, 'b', {}, backlog)
    expect(() => enqueue(harness, 'c', {}, backlog)).toThrow(
      expect.objectContaining({ code: 'backlog-full' }),
    )
    expect(pendingOf(harness.state, 'me')).toBe(2)
    claim(harness, { slots: 1 })
    expect(enqueue(harness, 'd', {}, backlog).outcome).toBe('created')
  })

  test('drop-oldest: sends the first in line to the dead letters, with its acknowledgement', () => {
    const harness = createHarness({ acks: { dead: 'box' } })
    const backlog = { maxPending: 2, overflow: 'drop-oldest' } as const
    for (const id of ['a', 'b', 'c', 'd']) enqueue(harness, id, {}, backlog)
    expect(harness.job('a')).toMatchObject({ state: 'dead', reason: 'overflow', ack: 'queued', sequence: 1 })
    expect(harness.job('b')).toMatchObject({ state: 'dead', reason: 'overflow', sequence: 2 })
    expect(pendingOf(harness.state, 'me')).toBe(2)
  })

  test('drop-oldest: rejects where there is nothing to drop', () => {
    const harness = createHarness()
    const backlog = { maxPending: 0, overflow: 'drop-oldest' } as const
    expect(() => enqueue(harness, 'a', {}, backlog)).toThrow(
      expect.objectContaining({ code: 'backlog-full' }),
    )
  })

  test("is the owner's: another's jobs neither fill nor empty it", () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    const backlog = { maxPending: 1, overflow: 'drop-oldest' } as const
    const theirs = { id: 'x', kind: 'mail', onDuplicate: 'keep' } as const
    harness.decide((state, deciding) => decideEnqueue(state, theirs, backlog, deciding), 'you')
    expect(harness.job('a').state).toBe('pending')
    expect(harness.state.index.oldest('you')?.id).toBe('x')
  })
})
