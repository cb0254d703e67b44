import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isQueueError } from '../../../src/errors.ts'
import { changedPages, decodeEntry, encodeEvents, encodePage, loadState } from '../../../src/machine/codec.ts'
import type { Job } from '../../../src/machine/job.ts'
import type { State } from '../../../src/machine/state.ts'
import { indexesOf, tablesOf } from './derived.ts'
import { createHarness, type Harness } from './harness.ts'
import { checkStep, type Step } from './invariants.ts'
import { expectedClaim } from './model.ts'
import { type Op, op, perform } from './ops.ts'

// More of them are for whoever changes the machine: HOLDFAST_RUNS=5000.
const runs = Number(process.env.HOLDFAST_RUNS ?? 150)
const timeout = 60_000 + 100 * runs
const acks = { completed: 'box', dead: 'box' }
const schedule = fc.array(op, { minLength: 1, maxLength: 60, size: 'max' })

/** Takes one step; what is refused to the caller is no failure of the machine. */
function take(harness: Harness, op: Op, step: number): unknown {
  if (op.type === 'advance') return harness.advance(op.ms)
  try {
    return harness.decide((state, deciding) => perform(state, op, step, deciding), op.owner)
  } catch (error) {
    if (!isQueueError(error)) throw error
    return error.code
  }
}

interface Checkpoint {
  readonly mark: number
  readonly pages: ReadonlyMap<string, string>
}

/** As a replica writes it: what changed since the last one replaces what was there. */
function checkpoint(state: State, last: Checkpoint): Checkpoint {
  const pages = new Map(last.pages)
  for (const page of changedPages(state, last.mark)) {
    const body = encodePage(page)
    if (body === '') pages.delete(page.id)
    else pages.set(page.id, body)
  }
  return { mark: state.seq, pages }
}

function load({ mark, pages }: Checkpoint, { log, now }: Harness): State {
  const kept = [...pages].map(([id, body]) => ({ id, body }))
  return loadState({ log: 'log', mark, pages: kept, entries: log.slice(mark) }, now().mono)
}

const nothing: Checkpoint = { mark: 0, pages: new Map() }

describe('whatever is done, in whatever order', { timeout }, () => {
  test('undoing a speculation leaves no trace, and the invariants hold after every step', () => {
    fc.assert(
      fc.property(schedule, (ops) => {
        const harness = createHarness({ acks })
        ops.forEach((op, step) => {
          const before = new Map<string, Job>(
            [...harness.state.jobs.values()].map((job) => [job.id, job] as const),
          )
          const from = harness.log.length
          take(harness, op, step)
          const entries = harness.log.slice(from).map(decodeEntry)
          const taken: Step = {
            before,
            state: harness.state,
            events: entries.flatMap(({ events }) => events),
          }
          checkStep(taken)
        })
      }),
      { numRuns: runs },
    )
  })

  test('a state that nobody looked at decides the same as one that was looked at', () => {
    fc.assert(
      fc.property(schedule, (ops) => {
        const [watched, bare] = [createHarness({ acks }), createHarness({ acks, bare: true })]
        ops.forEach((op, step) => {
          expect(take(bare, op, step)).toEqual(take(watched, op, step))
        })
        expect(bare.log).toEqual(watched.log)
        expect(indexesOf(bare.state, bare.now())).toEqual(indexesOf(watched.state, watched.now()))
      }),
      { numRuns: runs },
    )
  })

  test('any checkpoint and the entries after it give the same state, indexes included', () => {
    fc.assert(
      fc.property(schedule, fc.array(fc.nat(60), { maxLength: 4 }), (ops, marks) => {
        const harness = createHarness({ acks, bare: true })
        const checkpoints = [nothing]
        ops.forEach((op, step) => {
          take(harness, op, step)
          const last = checkpoints.at(-1) ?? nothing
          if (marks.includes(step)) checkpoints.push(checkpoint(harness.state, last))
        })
        const { state } = harness
        for (const each of checkpoints) {
          const loaded = load(each, harness)
          expect(tablesOf(loaded)).toEqual(tablesOf(state))
          expect(indexesOf(loaded, harness.now())).toEqual(indexesOf(state, harness.now()))
          expect(loaded.seq).toBe(state.seq)
        }
      }),
      { numRuns: runs },
    )
  })

  test('a claim takes what a look at every row says, in that order', () => {
    fc.assert(
      fc.property(schedule, (ops) => {
        const harness = createHarness({ acks, bare: true })
        ops.forEach((op, step) => {
          const { state } = harness
          const expected =
            op.type === 'claim' ? expectedClaim(state, op.request, op.owner, harness.now()) : undefined
          const outcome = take(harness, op, step)
          if (expected === undefined) return
          const claimed = Array.isArray(outcome) ? outcome : []
          expect(claimed.map(({ id }) => id)).toEqual(expected)
          for (const { id, epoch } of claimed) expect(state.jobs.get(id)?.epoch).toBe(epoch)
        })
      }),
      { numRuns: runs },
    )
  })

  test('entries are read as they were written', () => {
    fc.assert(
      fc.property(schedule, (ops) => {
        const harness = createHarness({ acks, bare: true })
        ops.forEach((op, step) => {
          take(harness, op, step)
        })
        for (const kept of harness.log) {
          const entry = decodeEntry(kept)
          expect(encodeEvents(entry.at, entry.events)).toBe(kept.body)
          expect(`${entry.writer}:${entry.counter}`).toBe(kept.id)
        }
      }),
      { numRuns: Math.ceil(runs / 5) },
    )
  })
})
