import { describe, expect, test } from 'vitest'
import { pendingOf } from '../../../src/machine/enqueue.ts'
import * as operate from '../../../src/machine/operate.ts'
import * as settle from '../../../src/machine/settle.ts'
import { claim, createHarness, enqueue, type Harness, holderOf, retry } from './harness.ts'

const code = (name: string): unknown => expect.objectContaining({ code: name })

function settled(state: 'completed' | 'dead' | 'cancelled', acks = {}): Harness {
  const harness = createHarness({ acks })
  enqueue(harness, 'j')
  if (state === 'cancelled') {
    harness.decide((each, deciding) => operate.decideCancel(each, 'j', deciding))
    return harness
  }
  claim(harness)
  const holder = holderOf(harness, 'j')
  const policy = { retry, deadBlocks: false, random: 0 }
  const note = { name: 'Error', message: 'no' }
  harness.decide((each, deciding) => {
    if (state === 'completed') settle.decideComplete(each, holder, undefined, deciding)
    else settle.decideFailure(each, holder, note, { type: 'fatal' }, policy, deciding)
  })
  return harness
}

describe('every verb', () => {
  test.each<[string, (harness: Harness, owner: string) => unknown]>([
    [
      'cancel',
      (harness, owner) =>
        harness.decide((state, deciding) => operate.decideCancel(state, 'j', deciding), owner),
    ],
    [
      'redrive',
      (harness, owner) =>
        harness.decide((state, deciding) => operate.decideRedrive(state, 'j', deciding), owner),
    ],
    [
      'edit',
      (harness, owner) =>
        harness.decide((state, deciding) => operate.decideEdit(state, 'j', {}, deciding), owner),
    ],
    [
      'remove',
      (harness, owner) =>
        harness.decide((state, deciding) => operate.decideRemove(state, 'j', deciding), owner),
    ],
  ])("%s finds no job that is not there, nor another owner's", (_, verb) => {
    expect(() => verb(createHarness(), 'me')).toThrow(code('not-found'))
    expect(() => verb(settled('dead'), 'you')).toThrow(code('not-found'))
  })
})

describe('cancel', () => {
  const cancel = (harness: Harness): unknown =>
    harness.decide((state, deciding) => operate.decideCancel(state, 'j', deciding))

  test('ends a waiting job at once', () => {
    const harness = createHarness()
    enqueue(harness, 'j')
    expect(cancel(harness)).toBe('cancelled')
    expect(harness.job('j')).toMatchObject({ state: 'cancelled', finishedAt: harness.now().wall })
  })

  test('asks the holder of a running one, once', () => {
    const harness = createHarness()
    enqueue(harness, 'j')
    claim(harness)
    expect(cancel(harness)).toBe('requested')
    expect(cancel(harness)).toBe('requested')
    expect(harness.job('j')).toMatchObject({ state: 'running', cancelRequested: true })
    expect(harness.log).toHaveLength(3)
  })

  test.each(['completed', 'dead', 'cancelled'] as const)('refuses a job that is %s, and says so', (state) => {
    expect(() => cancel(settled(state))).toThrow(
      `Cannot cancel job "j": it is ${state}, expected pending or running`,
    )
  })
})

describe('redrive', () => {
  const redrive = (harness: Harness): unknown =>
    harness.decide((state, deciding) => operate.decideRedrive(state, 'j', deciding))

  test('sends a dead job back with its history, and its counters at nothing', () => {
    const harness = settled('dead', { dead: 'box' })
    redrive(harness)
    const job = harness.job('j')
    expect(job).toMatchObject({ state: 'pending', attempt: 1, errors: 0, finish: 1 })
    expect(job.failures).toHaveLength(1)
    expect([job.reason, job.ack, job.sequence, job.finishedAt]).toEqual(Array(4).fill(undefined))
    expect(claim(harness)).toEqual(['j'])
  })

  test('sends a cancelled job back, as one that nobody asked to cancel', () => {
    const harness = createHarness()
    enqueue(harness, 'j')
    claim(harness)
    harness.decide((state, deciding) => operate.decideCancel(state, 'j', deciding))
    const holder = holderOf(harness, 'j')
    harness.decide((state, deciding) => settle.decideCancelled(state, holder, deciding))
    redrive(harness)
    expect(harness.job('j').cancelRequested).toBeUndefined()
  })

  test('gives what had expired all the time it needs', () => {
    const harness = createHarness()
    enqueue(harness, 'j', { expiresInMs: 10 })
    harness.advance(10)
    claim(harness)
    redrive(harness)
    harness.advance(10 ** 6)
    expect(claim(harness)).toEqual(['j'])
  })

  test('refuses a job that is neither dead nor cancelled', () => {
    expect(() => redrive(settled('completed'))).toThrow(code('wrong-state'))
  })
})

describe('edit', () => {
  const edit = (harness: Harness): unknown =>
    harness.decide((state, deciding) =>
      operate.decideEdit(state, 'j', { payload: '"new"', version: 2 }, deciding),
    )

  test('gives a dead job another payload under a new revision, and tells what it had', () => {
    const harness = settled('dead')
    expect(edit(harness)).toMatchObject({ revision: 1 })
    expect(harness.job('j')).toMatchObject({ state: 'dead', payload: '"new"', version: 2, revision: 2 })
  })

  test('refuses while the job runs', () => {
    const harness = createHarness()
    enqueue(harness, 'j')
    claim(harness)
    expect(() => edit(harness)).toThrow(code('wrong-state'))
  })
})

describe('remove', () => {
  test('takes a job away, and leaves its queued acknowledgement', () => {
    const harness = settled('completed', { completed: 'box' })
    harness.decide((state, deciding) => operate.decideRemove(state, 'j', deciding))
    expect(harness.state.jobs.get('j')).toBeUndefined()
    expect([...harness.state.acks.values()]).toMatchObject([{ id: 'j', sequence: 1 }])
  })

  test('refuses while the job runs', () => {
    const harness = createHarness()
    enqueue(harness, 'j')
    claim(harness)
    expect(() => harness.decide((state, deciding) => operate.decideRemove(state, 'j', deciding))).toThrow(
      code('wrong-state'),
    )
  })
})

test('pausing twice says so once', () => {
  const harness = createHarness()
  const pause = (on: boolean): void =>
    harness.decide((state, deciding) => operate.decidePause(state, on, deciding))
  for (const on of [true, true, false, false]) pause(on)
  expect(harness.log).toHaveLength(2)
  expect(harness.state.isPaused('me')).toBe(false)
})

describe('erasing', () => {
  const erase = (harness: Harness): unknown =>
    harness.decide((state, deciding) => operate.decideErase(state, deciding))
  const refuse = ({ state }: Harness): void => operate.refuseUnsent(state, 'me', state.jobs.values())

  test('is refused while jobs are unfinished or acknowledgements unsent', () => {
    const pending = createHarness()
    enqueue(pending, 'j')
    expect(() => refuse(pending)).toThrow(code('unsent'))
    claim(pending)
    expect(() => refuse(pending)).toThrow(
      'Cannot destroy the queue: 1 jobs are unfinished and 0 acknowledgements unsent',
    )
    expect(() => refuse(settled('completed', { completed: 'box' }))).toThrow(code('unsent'))
    expect(() => refuse(settled('completed'))).not.toThrow()
    expect(erase(settled('completed'))).toMatchObject([{ id: 'j' }])
  })

  test('looks at all owners where none is named', () => {
    const harness = settled('completed', { completed: 'box' })
    const { state } = harness
    expect(() => operate.refuseUnsent(state, undefined, [])).toThrow(code('unsent'))
    expect(() => operate.refuseUnsent(state, 'you', [])).not.toThrow()
  })

  test("takes everything of the owner, and nothing of another's", () => {
    const harness = settled('completed', { completed: 'box', dead: 'box' })
    const dedupe = { key: 'd', while: [], ms: 9_000 }
    for (const owner of ['me', 'you']) {
      harness.decide((_, { emit }) => {
        emit({ type: 'enqueued', id: `${owner} waits`, owner, kind: 'mail', dedupe })
        emit({ type: 'enqueued', id: `${owner} ends`, owner, kind: 'mail' })
        emit({ type: 'held', owner, kind: 'mail', cause: 'throttled', waitMs: 5 })
        emit({ type: 'dead', id: `${owner} ends`, reason: 'expired', outbox: `${owner} box` })
        emit({ type: 'enqueued', id: `${owner} refused`, owner, kind: 'mail' })
        emit({ type: 'dead', id: `${owner} refused`, reason: 'expired', outbox: `${owner} box` })
        const sequence = owner === 'me' ? 3 : 2
        emit({ type: 'set-aside', owner, id: `${owner} refused`, sequence, code: 'no', message: '' })
        emit({ type: 'paused', owner, on: true })
      })
    }
    expect(erase(harness)).toHaveLength(4)
    const { state } = harness
    expect([...state.jobs.values()].map(({ id }) => id).sort()).toEqual([
      'you ends',
      'you refused',
      'you waits',
    ])
    for (const table of [state.slots, state.holds, state.acks, state.rejects, state.outboxes]) {
      expect(table.size).toBe(1)
    }
    expect([state.isPaused('me'), state.isPaused('you')]).toEqual([false, true])
    expect([pendingOf(state, 'me'), pendingOf(state, 'you')]).toEqual([0, 1])
  })
})
