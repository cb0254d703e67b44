import { afterEach, describe, expect, it } from 'vitest'
import { memoryStore } from '../../../src/index.ts'
import { createReplica } from '../../../src/replica/replica.ts'
import type { Replica, Submission } from '../../../src/replica/types.ts'
import { type Fault, faultyStore } from '../../../src/testing/faulty-store.ts'
import { manualClock } from '../../../src/testing/manual-clock.ts'
import { turns, until } from '../queue/bench.ts'

const opened: Replica[] = []
afterEach(() => Promise.all(opened.splice(0).map((replica) => replica.close())))

/** A replica whose store does these to what is asked of it, one after the other. */
async function replicaWith(faults: readonly (readonly ['commit' | 'read', Fault | undefined])[]) {
  const left: (readonly [string, Fault | undefined])[] = []
  const store = faultyStore(memoryStore(), ({ method }) =>
    left[0]?.[0] === method ? left.shift()?.[1] : undefined,
  )
  const clock = manualClock()
  const replica = createReplica({ store: store('mail'), clock, mint: () => 'writer' })
  opened.push(replica)
  await replica.open()
  left.push(...faults)
  return { replica, clock }
}

function counting() {
  const told: string[] = []
  const submission: Submission = {
    options: {},
    decide: (_, { emit }) => emit({ type: 'enqueued', id: 'a', owner: '', kind: 'mail', payload: '1' }),
    resolve: () => void told.push('resolved'),
    reject: () => void told.push('rejected'),
  }
  return { told, submission }
}

describe('a submission is told once, though a read of the same turn fails after it,', () => {
  it('when its answer was lost and looked up', async () => {
    const { replica, clock } = await replicaWith([
      ['commit', { type: 'lose-answer' }],
      ['read', undefined],
      ['read', { type: 'fail-before' }],
    ])
    const { told, submission } = counting()
    replica.enter(submission)
    const reading = replica.catchUp().catch(({ code }) => code)
    await turns()
    clock.advance(1_000)
    expect(await reading).toBe('store-failed')
    expect(told).toEqual(['resolved'])
  })

  it('when the store refused it to the end', async () => {
    const refused: ['commit', Fault] = ['commit', { type: 'fail-before' }]
    const { replica, clock } = await replicaWith([
      ...Array.from({ length: 5 }, () => refused),
      ['read', { type: 'fail-before' }],
    ])
    const { told, submission } = counting()
    replica.enter(submission)
    let code: unknown
    replica.catchUp().catch((error) => {
      code = error.code
    })
    await until(() => {
      clock.advance(1_000)
      return code !== undefined
    })
    expect(code).toBe('store-failed')
    expect(told).toEqual(['rejected'])
  })
})
