import { describe, expect, test } from 'vitest'
import type { RejectedAck } from '../../../src/machine/ack-events.ts'
import { decideRedrive, decideRemove } from '../../../src/machine/operate.ts'
import { maxRejects } from '../../../src/machine/rows.ts'
import { createHarness, enqueue, type Harness, reloaded } from './harness.ts'

const acks = { completed: 'box', dead: 'box' }

/** So many jobs, named by their number, all finished in that order: the odd ones dead. */
function finished(count: number, bare = false): Harness {
  const harness = createHarness({ acks, bare })
  for (let n = 1; n <= count; n++) {
    enqueue(harness, `j${n}`)
    harness.decide((_, { emit }) => {
      const id = `j${n}`
      if (n % 2 === 1) emit({ type: 'dead', id, reason: 'expired', outbox: 'box' })
      else emit({ type: 'completed', id, epoch: 0, result: String(n), outbox: 'box' })
    })
  }
  return harness
}

const settle = (harness: Harness, through: number, rejected: RejectedAck[] = []): void =>
  harness.decide((_, { emit }) => emit({ type: 'acked', owner: 'me', sender: 's', through, rejected }))

const no = (sequence: number): RejectedAck => ({ sequence, code: 'no', message: `not ${sequence}` })

const queued = ({ state }: Harness): string[] =>
  [...state.acks.values()].map(({ sequence, id }) => `${sequence}-${id}`).sort()

const box = ({ state }: Harness) => state.outboxes.get('me')

describe('an outbox', () => {
  test('is made by the first finish, and numbers them without a gap', () => {
    const harness = finished(3)
    expect(box(harness)).toMatchObject({ id: 'box', last: 3, acked: 0 })
    expect(queued(harness)).toEqual(['1-j1', '2-j2', '3-j3'])
    expect(harness.job('j2')).toMatchObject({ ack: 'queued', sequence: 2, finish: 1 })
  })

  test('says of each finish what the server is to hear', () => {
    const harness = finished(2)
    const [dead, completed] = [...harness.state.acks.values()]
    expect(dead).toMatchObject({ type: 'dead', kind: 'mail', reason: 'expired', finish: 1 })
    expect(completed).toMatchObject({ type: 'completed', result: '2', attempt: 0 })
  })

  test('hears of nothing that is not wanted', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    harness.decide((_, { emit }) => emit({ type: 'dead', id: 'a', reason: 'expired' }))
    expect(box(harness)).toBeUndefined()
    expect(harness.job('a')).toMatchObject({ finish: 1 })
  })

  test('is each owner’s own', () => {
    const harness = finished(2)
    harness.decide((_, { emit }) => {
      emit({ type: 'enqueued', id: 'x', owner: 'you', kind: 'mail' })
      emit({ type: 'dead', id: 'x', reason: 'expired', outbox: 'yours' })
    })
    expect(harness.job('x').sequence).toBe(1)
    settle(harness, 1)
    expect(harness.state.outboxes.get('you')).toMatchObject({ id: 'yours', last: 1, acked: 0 })
  })
})

describe('settling', () => {
  test('up to a number settles all before it, and lets their jobs be retired', () => {
    const harness = finished(4)
    expect(harness.state.index.retired('me').size).toBe(0)
    settle(harness, 2)
    expect(queued(harness)).toEqual(['3-j3', '4-j4'])
    expect([1, 2, 3].map((n) => harness.job(`j${n}`).ack)).toEqual(['acked', 'acked', 'queued'])
    expect(box(harness)).toMatchObject({ acked: 2, ackedId: '2-j2' })
    expect([...harness.state.index.retired('me').byFinish()].map(({ id }) => id)).toEqual(['j2'])
  })

  test('twice, or less than is settled, changes nothing', () => {
    const harness = finished(3)
    settle(harness, 2)
    const before = box(harness)
    settle(harness, 2)
    settle(harness, 1)
    expect(box(harness)).toEqual(before)
  })

  test('keeps what the server refused, with its reason', () => {
    const harness = finished(3)
    settle(harness, 3, [no(2)])
    expect(harness.job('j2').ack).toBe('rejected')
    expect([...harness.state.rejects.values()]).toMatchObject([
      { id: 'j2', number: 1, code: 'no', message: 'not 2' },
    ])
  })

  test('keeps the newest refusals only', () => {
    const harness = finished(maxRejects + 2, true)
    const all = Array.from({ length: maxRejects + 2 }, (_, place) => no(place + 1))
    settle(harness, maxRejects + 2, all)
    expect(harness.state.rejects.size).toBe(maxRejects)
    expect(box(harness)?.rejects).toBe(maxRejects + 2)
    const [oldest] = [...harness.state.rejects.values()].sort((a, b) => a.number - b.number)
    expect(oldest).toMatchObject({ id: 'j3', number: 3 })
  })

  test('a finish of a job that is gone, or that finished again since, marks nothing else', () => {
    const harness = finished(2)
    harness.decide((state, deciding) => decideRemove(state, 'j2', deciding))
    harness.decide((state, deciding) => decideRedrive(state, 'j1', deciding))
    settle(harness, 2)
    expect(harness.job('j1').ack).toBeUndefined()
    harness.decide((_, { emit }) => emit({ type: 'dead', id: 'j1', reason: 'expired', outbox: 'box' }))
    expect(harness.job('j1')).toMatchObject({ sequence: 3, finish: 2, ack: 'queued' })
  })

  test('knows the id the server has where no ack is left to tell it', () => {
    const harness = finished(2)
    harness.decide((_, { emit }) => emit({ type: 'set-aside', owner: 'me', id: 'j1', ...no(1) }))
    settle(harness, 1)
    expect(box(harness)?.ackedId).toBeUndefined()
    const given = { type: 'acked', owner: 'me', sender: 's', through: 1, id: '1-lost' } as const
    harness.decide((_, { emit }) => emit(given))
    expect(box(harness)?.ackedId).toBe('1-lost')
  })

  test('of an outbox that is not there changes nothing', () => {
    const harness = createHarness()
    settle(harness, 5)
    harness.decide((_, { emit }) => {
      emit({ type: 'set-aside', owner: 'me', id: 'j1', ...no(1) })
      emit({ type: 'forked', owner: 'me', outbox: 'other' })
      emit({ type: 'sending', owner: 'me', sender: 's' })
    })
    expect(box(harness)).toBeUndefined()
  })
})

describe('setting aside', () => {
  test('keeps a lone ack as refused, and leaves its number a gap for the sender to report', () => {
    const harness = finished(3)
    harness.decide((_, { emit }) => emit({ type: 'set-aside', owner: 'me', id: 'j2', ...no(2) }))
    expect(queued(harness)).toEqual(['1-j1', '3-j3'])
    expect(harness.job('j2').ack).toBe('rejected')
    harness.decide((_, { emit }) => emit({ type: 'set-aside', owner: 'me', id: 'j2', ...no(2) }))
    expect(box(harness)).toMatchObject({ rejects: 1, last: 3, acked: 0 })
  })
})

describe('a fork', () => {
  const fork = (harness: Harness): void =>
    harness.decide((_, { emit }) => emit({ type: 'forked', owner: 'me', outbox: 'anew' }))

  test('numbers what is unsettled from 1, in its order and without a gap', () => {
    const harness = finished(6)
    settle(harness, 2)
    harness.decide((_, { emit }) => emit({ type: 'set-aside', owner: 'me', id: 'j4', ...no(4) }))
    fork(harness)
    expect(box(harness)).toMatchObject({ id: 'anew', last: 3, acked: 0, rejects: 1 })
    expect(box(harness)?.ackedId).toBeUndefined()
    expect(queued(harness)).toEqual(['1-j3', '2-j5', '3-j6'])
    expect(['j3', 'j5', 'j6'].map((id) => harness.job(id).sequence)).toEqual([1, 2, 3])
    expect(harness.job('j1')).toMatchObject({ sequence: 1, ack: 'acked' })
  })

  test('takes jobs along that are dead, redriven or removed', () => {
    const harness = finished(5)
    settle(harness, 1)
    harness.decide((state, deciding) => decideRemove(state, 'j2', deciding))
    harness.decide((state, deciding) => decideRedrive(state, 'j3', deciding))
    fork(harness)
    expect(queued(harness)).toEqual(['1-j2', '2-j3', '3-j4', '4-j5'])
    expect(harness.job('j3').sequence).toBeUndefined()
    expect(harness.job('j5')).toMatchObject({ state: 'dead', sequence: 4, ack: 'queued' })
    settle(harness, 4)
    expect(harness.job('j5').ack).toBe('acked')
    expect(harness.job('j3').state).toBe('pending')
  })

  test('goes on numbering where it left off', () => {
    const harness = finished(3)
    settle(harness, 2)
    fork(harness)
    enqueue(harness, 'next')
    harness.decide((_, { emit }) => emit({ type: 'dead', id: 'next', reason: 'expired', outbox: 'box' }))
    expect(harness.job('next').sequence).toBe(2)
    expect(box(harness)?.id).toBe('anew')
  })
})

describe('a sender', () => {
  test('has the outbox until it gives it back, or another takes it', () => {
    const harness = finished(1)
    harness.decide((_, { emit }) => emit({ type: 'sending', owner: 'me', sender: 's' }))
    expect(box(harness)?.sender).toBe('s')
    expect(harness.state.index.seen.get('s')).toBe(harness.now().mono)
    harness.decide((_, { emit }) => emit({ type: 'acked', owner: 'me', sender: 'late' }))
    expect(box(harness)?.sender).toBe('s')
    harness.decide((_, { emit }) => emit({ type: 'acked', owner: 'me', sender: 's' }))
    expect(box(harness)?.sender).toBeUndefined()
  })

  test('that is known from a checkpoint alone is given its time from then on', () => {
    const harness = finished(1)
    harness.decide((_, { emit }) => emit({ type: 'sending', owner: 'me', sender: 's' }))
    harness.advance(9_000)
    expect(reloaded(harness).index.seen.get('s')).toBe(harness.now().mono)
  })
})
