import { expect } from 'vitest'
import type { RetryPolicy } from '../../../src/machine/backoff.ts'
import { type Ability, type ClaimRequest, decideClaim } from '../../../src/machine/claim.ts'
import {
  changedPages,
  decodeEntry,
  encodeEvents,
  encodePage,
  entryId,
  loadState,
} from '../../../src/machine/codec.ts'
import type { AckWishes, Deciding, Holder } from '../../../src/machine/decide.ts'
import {
  type Backlog,
  decideEnqueue,
  type EnqueueRequest,
  type EnqueueResult,
} from '../../../src/machine/enqueue.ts'
import type { LogEntry, LogEvent, Now } from '../../../src/machine/events.ts'
import type { Job, Run } from '../../../src/machine/job.ts'
import { State, type StateOptions } from '../../../src/machine/state.ts'
import { exactly } from './derived.ts'

/** An entry as a store keeps it. */
export interface KeptEntry {
  readonly seq: number
  readonly id: string
  readonly body: string
}

/** One context's state with a clock that stands still until it is told to move, deciding as a replica does. */
export interface Harness {
  readonly state: State
  readonly log: readonly KeptEntry[]
  now(): Now
  /** Lets both clocks run. */
  advance(ms: number): void
  /** Sets the wall clock alone. */
  setWall(ms: number): void
  /**
   * Decides twice, as after a refusal, and undoes both; then folds what came of it as an entry read from a store. Fails
   * when undoing left a trace, or when the second decision differs.
   */
  decide<T>(decision: (state: State, deciding: Deciding) => T, owner?: string): T
  /** Decides, and undoes it: the append was refused. */
  refuse(decision: (state: State, deciding: Deciding) => unknown): void
  /** The facts that a decision would put into the log. */
  eventsOf(decision: (state: State, deciding: Deciding) => unknown): LogEvent[]
  job(id: string): Job
}

export interface HarnessOptions extends StateOptions {
  readonly acks?: AckWishes
  /** Does not look at what it decides on: looking wakes what waits, which may hide that a decision did not. */
  readonly bare?: boolean
}

export function createHarness(options: HarnessOptions = {}): Harness {
  const { acks = {}, bare = false } = options
  const state = new State(options)
  state.begin('log', 0)
  // Every decision is made and confirmed here, and made, undone and folded there: the two stay the same.
  const confirming = new State(options)
  confirming.begin('log', 0)
  const log: KeptEntry[] = []
  let wall = 1_000_000
  let mono = 5_000
  const now = (): Now => ({ wall, mono })

  const run = <T>(
    on: State,
    decision: (state: State, deciding: Deciding) => T,
    owner: string,
  ): { value: T; events: LogEvent[] } => {
    on.mono = mono
    const events: LogEvent[] = []
    const value = on.speculate(now(), (fold) => {
      const emit = (event: LogEvent): void => {
        events.push(event)
        fold(event)
      }
      return decision(on, { now: now(), emit, owner, acks })
    })
    return { value, events }
  }

  const speculate: typeof run = (on, decision, owner) => {
    const before = bare ? undefined : exactly(on, now())
    try {
      return run(on, decision, owner)
    } finally {
      if (!bare) expect(exactly(on, now())).toEqual(before)
    }
  }

  const confirm = (
    decision: (state: State, deciding: Deciding) => unknown,
    entry: LogEntry,
    owner: string,
  ) => {
    expect(run(confirming, decision, owner).events).toEqual(entry.events)
    expect(confirming.confirm(entry)).toBe(true)
    expect(exactly(confirming, now())).toEqual(exactly(state, now()))
  }

  const decide = <T>(decision: (state: State, deciding: Deciding) => T, owner = 'me'): T => {
    const refused = speculate(state, decision, owner)
    const { value, events } = speculate(state, decision, owner)
    expect(events).toEqual(refused.events)
    if (events.length > 0) {
      const seq = log.length + 1
      const entry = { seq, id: entryId('w', seq), body: encodeEvents(wall, events) }
      log.push(entry)
      state.apply(decodeEntry(entry))
      if (!bare) confirm(decision, { ...decodeEntry(entry), events }, owner)
    }
    return value
  }

  return {
    state,
    log,
    now,
    advance: (ms) => {
      wall += ms
      mono += ms
    },
    setWall: (ms) => {
      wall = ms
    },
    decide,
    refuse: (decision) => {
      speculate(state, decision, 'me')
    },
    eventsOf: (decision) => speculate(state, decision, 'me').events,
    job: (id) => {
      const job = state.jobs.get(id)
      if (job === undefined) throw new Error(`no job ${id}`)
      return job
    },
  }
}

/** The state as another context loads it from a checkpoint of all of it. */
export function reloaded({ state, now }: Harness): State {
  const pages = changedPages(state, 0).map((page) => ({ id: page.id, body: encodePage(page) }))
  const kept = pages.filter(({ body }) => body !== '')
  return loadState({ log: 'log', mark: state.seq, pages: kept, entries: [] }, now().mono)
}

export const noBacklog: Backlog = { maxPending: Number.POSITIVE_INFINITY, overflow: 'reject' }

export function enqueue(
  harness: Harness,
  id: string,
  given: Partial<EnqueueRequest> = {},
  backlog: Backlog = noBacklog,
): EnqueueResult {
  const request = { id, kind: 'mail', onDuplicate: 'keep', ...given } as const
  return harness.decide((state, deciding) => decideEnqueue(state, request, backlog, deciding))
}

export const anyKind: Ability = { maxRunning: Number.POSITIVE_INFINITY, needsNetwork: true }

export function runOf(worker: string, given: Partial<Run> = {}): Run {
  return { worker, lock: false, leaseMs: 30_000, interruptible: false, ...given }
}

export function claimRequest(given: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    run: runOf('a'),
    slots: 100,
    kinds: new Map([['mail', anyKind]]),
    maxRunning: Number.POSITIVE_INFINITY,
    online: true,
    ...given,
  }
}

/** Claims, and returns the ids in claim order. */
export function claim(harness: Harness, given: Partial<ClaimRequest> = {}): string[] {
  return claimed(harness, given).map(({ id }) => id)
}

function claimed(harness: Harness, given: Partial<ClaimRequest> = {}): Holder[] {
  return harness.decide((state, deciding) => decideClaim(state, claimRequest(given), deciding))
}

/** The holder's side of a running job. */
export function holderOf(harness: Harness, id: string): Holder {
  return { id, epoch: harness.job(id).epoch }
}

export const retry: RetryPolicy = { maxAttempts: 3, baseMs: 1_000, capMs: 60_000, minMs: 0, backoff: 'fixed' }
