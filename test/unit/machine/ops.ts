import fc from 'fast-check'
import type { Verdict } from '../../../src/errors.ts'
import { type ClaimRequest, decideClaim } from '../../../src/machine/claim.ts'
import { type Deciding, fence } from '../../../src/machine/decide.ts'
import { decideEnqueue, type EnqueueRequest } from '../../../src/machine/enqueue.ts'
import type { Reclaimed } from '../../../src/machine/events.ts'
import type { JobState } from '../../../src/machine/job.ts'
import { decideReclaim, decideRenew } from '../../../src/machine/leases.ts'
import * as operate from '../../../src/machine/operate.ts'
import { decideFork, decideSetAside, decideSettle, decideTake } from '../../../src/machine/outbox.ts'
import { ackId } from '../../../src/machine/rows.ts'
import * as settle from '../../../src/machine/settle.ts'
import type { State } from '../../../src/machine/state.ts'
import { decideExpiry, decideRetention } from '../../../src/machine/upkeep.ts'
import { claimRequest, noBacklog, retry, runOf } from './harness.ts'

const kinds = ['mail', 'photo', 'log'] as const
const workers = ['a', 'b', 'c'] as const
const owners = ['me', 'you'] as const

/** One step of a schedule: `pick` chooses among whatever there is to choose from. */
export type Op = { readonly pick: number; readonly owner: string } & (
  | { readonly type: 'enqueue'; readonly request: Omit<EnqueueRequest, 'id'>; readonly full: boolean }
  | { readonly type: 'claim'; readonly request: ClaimRequest }
  | {
      readonly type: 'fail'
      readonly verdict: Exclude<Verdict, { type: 'no-response' }>
      readonly random: number
    }
  | { readonly type: 'reclaim'; readonly worker: string; readonly cause: Reclaimed['cause'] }
  | { readonly type: 'progress' | 'checkpoint'; readonly number: number }
  | { readonly type: 'advance'; readonly ms: number }
  | { readonly type: (typeof plain)[number] }
)

const plain = [
  'complete',
  'release',
  'snooze',
  'cancelled',
  'unfit',
  'cancel',
  'redrive',
  'remove',
  'edit',
  'renew',
  'pause',
  'unpause',
  'resume',
  'expire',
  'retain',
  'send',
  'settle',
  'set-aside',
  'fork',
  'erase',
] as const

const pick = fc.nat(1_000)
const owner = fc.oneof(
  { weight: 6, arbitrary: fc.constant('me') },
  { weight: 1, arbitrary: fc.constantFrom(...owners) },
)
const kind = fc.constantFrom(...kinds)
const states: JobState[] = ['pending', 'running', 'completed', 'dead', 'cancelled']
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })

const request = fc.record({
  kind,
  key: maybe(fc.constantFrom('k', 'l')),
  waitMs: maybe(fc.constantFrom(0, 500, 5_000)),
  priority: maybe(fc.integer({ min: -1, max: 2 })),
  dedupe: maybe(
    fc.record({
      key: fc.constantFrom('d', 'e'),
      while: fc.subarray(states, { minLength: 1 }),
      ms: maybe(fc.constantFrom(1_000, 20_000)),
    }),
  ),
  onDuplicate: fc.constantFrom('keep', 'replace', 'debounce', 'queue-one'),
  debounceMaxMs: maybe(fc.constantFrom(2_000)),
  expiresInMs: maybe(fc.constantFrom(3_000, 30_000)),
  once: maybe(fc.constant(true)),
  blocks: maybe(fc.boolean()),
  payload: fc.constantFrom('1', '"two"'),
  beside: maybe(fc.constant(5_000)),
})

const claiming = fc
  .record({
    worker: fc.constantFrom(...workers),
    slots: fc.integer({ min: 0, max: 4 }),
    maxRunning: fc.constantFrom(2, 5, Number.POSITIVE_INFINITY),
    ofKind: fc.constantFrom(1, 2, 10),
    online: fc.boolean(),
    able: fc.shuffledSubarray([...kinds], { minLength: 1 }),
  })
  .map(({ worker, ofKind, able, ...rest }) => {
    const ability = (name: string) => ({ maxRunning: ofKind, needsNetwork: name !== 'log' })
    return claimRequest({
      ...rest,
      run: runOf(worker),
      kinds: new Map(able.map((name) => [name, ability(name)])),
    })
  })

const verdict = fc.constantFrom<Exclude<Verdict, { type: 'no-response' }>>(
  { type: 'fatal' },
  { type: 'fatal', answered: true },
  { type: 'retry' },
  { type: 'retry', afterMs: 2_000, answered: true },
  { type: 'hold' },
  { type: 'hold' },
  { type: 'hold', afterMs: 4_000 },
  { type: 'hold-until-resume' },
)

const base = { pick, owner }
const one = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> => ({
  weight,
  arbitrary,
})

export const op: fc.Arbitrary<Op> = fc.oneof(
  one(10, fc.record({ ...base, type: fc.constant('enqueue' as const), request, full: fc.boolean() })),
  one(10, fc.record({ ...base, type: fc.constant('claim' as const), request: claiming })),
  one(
    6,
    fc.record({
      ...base,
      type: fc.constant('fail' as const),
      verdict,
      random: fc.double({ min: 0, max: 0.99, noNaN: true }),
    }),
  ),
  one(
    2,
    fc.record({
      ...base,
      type: fc.constant('reclaim' as const),
      worker: fc.constantFrom(...workers),
      cause: fc.constantFrom('crash', 'crash', 'crash', 'bye', 'interrupted'),
    }),
  ),
  one(
    1,
    fc.record({
      ...base,
      type: fc.constantFrom('progress' as const, 'checkpoint' as const),
      number: fc.integer({ min: 0, max: 5 }),
    }),
  ),
  one(
    5,
    fc.record({ ...base, type: fc.constant('advance' as const), ms: fc.constantFrom(1, 400, 3_000, 40_000) }),
  ),
  one(18, fc.record({ ...base, type: fc.constantFrom(...plain) })),
  one(4, fc.record({ ...base, type: fc.constant('complete' as const) })),
)

/** Takes one step; what it throws is what the caller of the public method would get. */
export function perform(state: State, op: Op, step: number, deciding: Deciding): unknown {
  const one = (...among: JobState[]): string => {
    const ids = [...state.jobs.values()]
      .filter((job) => among.includes(job.state))
      .map((job) => job.id)
      .sort()
    return ids[op.pick % ids.length] ?? 'nobody'
  }
  const held = (): { id: string; epoch: number } => {
    const id = one('running')
    return { id, epoch: state.jobs.get(id)?.epoch ?? 0 }
  }
  const mine = { ...deciding, owner: state.jobs.get(one(...states))?.owner ?? deciding.owner }
  const note = { name: 'Error', message: 'it broke' }
  const policy = { retry, deadBlocks: op.pick % 2 === 0, random: 0.5 }
  const outbox = state.outboxes.get(op.owner)
  switch (op.type) {
    case 'enqueue': {
      const backlog = op.full
        ? noBacklog
        : ({ maxPending: 3, overflow: op.pick % 2 ? 'reject' : 'drop-oldest' } as const)
      return decideEnqueue(state, { ...op.request, id: `j${step}` }, backlog, deciding)
    }
    case 'claim':
      return decideClaim(state, op.request, deciding)
    case 'complete':
      return settle.decideComplete(state, held(), '"done"', deciding)
    case 'fail':
      return settle.decideFailure(state, held(), note, op.verdict, { ...policy, random: op.random }, deciding)
    case 'release':
      return settle.decideRelease(state, held(), deciding)
    case 'snooze':
      return settle.decideSnooze(state, held(), 700, deciding)
    case 'cancelled':
      return settle.decideCancelled(state, held(), deciding)
    case 'unfit':
      return settle.decideUnfit(state, held(), 'payload-invalid', note, policy, deciding)
    case 'progress': {
      const { id, epoch } = fence(state, held())
      return deciding.emit({ type: 'progressed', id, epoch, value: String(op.number), number: op.number })
    }
    case 'checkpoint':
      return settle.decideCheckpoint(state, held(), String(op.number), deciding)
    case 'reclaim':
      return decideReclaim(state, [{ worker: op.worker, cause: op.cause }], 3, deciding)
    case 'cancel':
      return operate.decideCancel(state, one(...states), mine)
    case 'redrive':
      return operate.decideRedrive(state, one('dead', 'cancelled'), mine)
    case 'remove':
      return operate.decideRemove(state, one(...states), mine)
    case 'edit':
      return operate.decideEdit(state, one(...states), { payload: '"edited"' }, mine)
    case 'renew':
      return decideRenew(state, workers[op.pick % 3] ?? 'a', deciding)
    case 'pause':
    case 'unpause':
      return operate.decidePause(state, op.type === 'pause' && op.pick % 4 === 0, deciding)
    case 'resume':
      return operate.decideResume(state, op.pick % 2 ? kinds[op.pick % 3] : undefined, deciding)
    case 'expire':
      return decideExpiry(state, deciding)
    case 'retain':
      return decideRetention(
        state,
        { finishedMs: 60_000, finishedCount: 3, deadBytes: 0, deadMs: 0 },
        (id) => id.endsWith('7'),
        deciding,
      )
    case 'send':
      return decideTake(state, workers[op.pick % 3] ?? 'a', new Set(), deciding)
    case 'settle': {
      if (outbox === undefined) return undefined
      const through = outbox.acked + (op.pick % (outbox.last - outbox.acked + 1))
      const ack = state.acks.get(`${op.owner}\0${through}`)
      const id = ack ? ackId(through, ack.id) : (outbox.ackedId ?? '')
      const rejected = [{ sequence: through, code: 'no', message: 'not this one' }]
      const said = { outbox: outbox.id, through, id, rejected: op.pick % 3 ? [] : rejected }
      return decideSettle(state, 'a', said, deciding)
    }
    case 'set-aside': {
      if (outbox === undefined) return undefined
      const refused = { sequence: outbox.acked + 1, code: 'no', message: 'too large' }
      return decideSetAside(state, outbox.id, refused, deciding)
    }
    case 'fork':
      return outbox && decideFork(state, outbox.id, `box${step}`, deciding)
    case 'erase':
      return op.pick % 8 === 0 ? operate.decideErase(state, deciding) : undefined
    case 'advance':
      return undefined
  }
}
