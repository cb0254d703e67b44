import { encodeEvents } from '../machine/codec.ts'
import type { LogEvent, Now } from '../machine/events.ts'
import type { State } from '../machine/state.ts'
import type { Draft, Durability, PayloadPut } from '../store/contract.ts'
import type { Decision, Drafting, DurabilityChoice, Rider, SubmitOptions } from './types.ts'

/** A decision that waits for its entry, and whom to tell. */
export interface Submission {
  readonly decide: Decision<unknown>
  readonly options: SubmitOptions
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** What each submission gets if this draft is committed, and what is in it. */
export interface Drafted {
  readonly now: Now
  readonly events: readonly LogEvent[]
  readonly payloads: ReadonlyMap<string, PayloadChange>
  readonly forget: readonly string[]
  readonly onceClaimed: boolean
  /** What the last decision threw, if any did. */
  readonly refusal: { readonly error: unknown } | undefined
  /** Tells everyone. */
  readonly settle: () => void
}

/** `undefined` deletes. */
type PayloadChange = { readonly value: unknown } | undefined

/** What decisions collect, so that one that throws half-way can be cut out again. */
interface Basket {
  readonly events: LogEvent[]
  readonly payloads: (readonly [string, PayloadChange])[]
  readonly forget: string[]
}

/** Runs every decision, then every rider, each on the state that the ones before it made; then undoes it all. */
export function draft(
  state: State,
  submissions: readonly Submission[],
  riders: Iterable<Rider>,
  now: Now,
  byes: ReadonlySet<string>,
  onRiderError: (error: unknown) => void,
): Drafted {
  const basket: Basket = { events: [], payloads: [], forget: [] }
  const tell: (() => void)[] = []
  let onceClaimed = false
  let refusal: Drafted['refusal']
  state.speculate(now, (fold) => {
    const emit = (event: LogEvent): void => {
      fold(event)
      basket.events.push(event)
      if (event.type === 'claimed') onceClaimed ||= event.jobs.some((id) => state.jobs.get(id)?.once)
    }
    const drafting = draftingOf(basket, emit, now, byes)
    for (const { decide, resolve, reject } of submissions) {
      try {
        const value = undoable(state, basket, () => decide(state, drafting))
        tell.push(() => resolve(value))
      } catch (error) {
        refusal = { error }
        tell.push(() => reject(error))
      }
    }
    for (const rider of riders) {
      try {
        const settled = undoable(state, basket, () => rider(state, drafting))
        if (settled) tell.push(settled)
      } catch (error) {
        // One that rides along holds nobody up.
        tell.push(() => onRiderError(error))
      }
    }
  })
  const settle = (): void => {
    for (const each of tell) each()
  }
  const { events, forget } = basket
  return { now, events, payloads: new Map(basket.payloads), forget, onceClaimed, refusal, settle }
}

function draftingOf(basket: Basket, emit: Drafting['emit'], now: Now, byes: ReadonlySet<string>): Drafting {
  return {
    now,
    emit,
    byes,
    events: basket.events,
    put: (id, value) => basket.payloads.push([id, { value }]),
    drop: (id) => basket.payloads.push([id, undefined]),
    forget: (worker) => basket.forget.push(worker),
  }
}

function undoable<T>(state: State, basket: Basket, decide: () => T): T {
  const lengths = [basket.events.length, basket.payloads.length, basket.forget.length] as const
  try {
    return state.attempt(decide)
  } catch (error) {
    basket.events.length = lengths[0]
    basket.payloads.length = lengths[1]
    basket.forget.length = lengths[2]
    throw error
  }
}

/** What the store is to append. */
export function toEntry(id: string, drafted: Drafted, choice: DurabilityChoice): Draft {
  const put: PayloadPut[] = []
  const drop: string[] = []
  for (const [payload, change] of drafted.payloads) {
    if (change) put.push({ id: payload, value: change.value })
    else drop.push(payload)
  }
  const body = encodeEvents(drafted.now.wall, drafted.events)
  const durability = choice === 'auto' ? durabilityOf(drafted) : choice
  return { id, body, put, delete: drop, forget: drafted.forget, durability }
}

/** What a caller was promised, or the outside world has seen, must be on the disk; the rest can be done again. */
const relaxedTypes: ReadonlySet<LogEvent['type']> = new Set<LogEvent['type']>([
  'claimed',
  'renewed',
  'progressed',
  'retried',
  'released',
  'reclaimed',
  'held',
  'resumed',
  'sending',
  'acked',
])

function durabilityOf({ events, onceClaimed }: Drafted): Durability {
  const relaxed = !onceClaimed && events.every((event) => relaxedTypes.has(event.type))
  return relaxed ? 'relaxed' : 'strict'
}
