import { encodeEvents } from '../machine/codec.ts'
import type { LogEvent, Now } from '../machine/events.ts'
import type { State } from '../machine/state.ts'
import type { Draft, Durability, PayloadPut } from '../store/contract.ts'
import type { Drafting, DurabilityChoice, Rider, Submission } from './types.ts'

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
class Basket implements Drafting {
  readonly now: Now
  readonly byes: ReadonlySet<string>
  readonly events: LogEvent[] = []
  readonly payloads: (readonly [string, PayloadChange])[] = []
  readonly forgotten: string[] = []
  onceClaimed = false
  readonly emit: Drafting['emit']

  constructor(state: State, now: Now, byes: ReadonlySet<string>, fold: Drafting['emit']) {
    this.now = now
    this.byes = byes
    this.emit = (event) => {
      fold(event)
      this.events.push(event)
      if (event.type === 'claimed') this.onceClaimed ||= event.jobs.some((id) => state.jobs.get(id)?.once)
    }
  }

  readonly put: Drafting['put'] = (id, value) => this.payloads.push([id, { value }])
  readonly drop: Drafting['drop'] = (id) => this.payloads.push([id, undefined])
  readonly forget: Drafting['forget'] = (worker) => this.forgotten.push(worker)

  /** What is decided; where that throws, nothing of it is kept. */
  collect<T>(state: State, decider: { decide(state: State, drafting: Drafting): T }): T {
    const { events, payloads, forgotten } = this
    const folded = state.mark()
    const emitted = events.length
    const put = payloads.length
    const forgot = forgotten.length
    try {
      return decider.decide(state, this)
    } catch (error) {
      state.rewind(folded)
      events.length = emitted
      payloads.length = put
      forgotten.length = forgot
      throw error
    }
  }
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
  const values: unknown[] = []
  const refusals = new Map<Submission, { readonly error: unknown }>()
  const ridden: (() => void)[] = []
  const { basket, refusal } = state.speculate(now, (fold) => {
    const basket = new Basket(state, now, byes, fold)
    let refusal: Drafted['refusal']
    for (const submission of submissions) {
      try {
        values.push(basket.collect(state, submission))
      } catch (error) {
        refusal = { error }
        refusals.set(submission, refusal)
        values.push(undefined)
      }
    }
    for (const rider of riders) ridden.push(rideAlong(basket, state, rider, onRiderError))
    return { basket, refusal }
  })
  const settle = (): void => {
    submissions.forEach((submission, place) => {
      const refused = refusals.get(submission)
      if (refused) submission.reject(refused.error)
      else submission.resolve(values[place])
    })
    for (const each of ridden) each()
  }
  const { events, payloads, forgotten, onceClaimed } = basket
  return { now, events, payloads: new Map(payloads), forget: forgotten, onceClaimed, refusal, settle }
}

/** One that rides along holds nobody up: what it throws is told apart. */
function rideAlong(
  basket: Basket,
  state: State,
  rider: Rider,
  onError: (error: unknown) => void,
): () => void {
  try {
    return basket.collect(state, { decide: rider }) ?? (() => undefined)
  } catch (error) {
    return () => onError(error)
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
