import { ackKey } from './fold-acks.ts'
import type { Ack, Outbox } from './rows.ts'
import type { State } from './state.ts'

/** One event to send: an acknowledgement, or numbers that are gone for good. */
export type Outgoing =
  | { readonly type: 'ack'; readonly ack: Ack }
  | { readonly type: 'lost'; readonly from: number; readonly to: number }

/** Consecutive numbers of one outbox, to be sent together. */
export interface OutgoingBatch {
  readonly outbox: string
  readonly first: number
  readonly last: number
  /** The event id at the number before the first, where it is known. */
  readonly previous: string | undefined
  readonly items: readonly Outgoing[]
}

export interface BatchLimits {
  /** The server knows nothing from this number on, although it once had settled more. */
  readonly from?: number | undefined
  /** The most events. */
  readonly count: number
  /** The most bytes of all events together; one event is sent however large. */
  readonly bytes: number
  /** What an event weighs (bytes). */
  readonly measure: (item: Outgoing, outbox: string) => number
}

/** What is to be sent next; `undefined`: nothing. */
export function nextBatch(state: State, owner: string, limits: BatchLimits): OutgoingBatch | undefined {
  const outbox = state.outboxes.get(owner)
  if (outbox === undefined) return undefined
  const first = Math.min(outbox.acked + 1, limits.from ?? Number.POSITIVE_INFINITY)
  const items: Outgoing[] = []
  let last = first - 1
  let bytes = 0
  while (last < outbox.last && items.length < limits.count) {
    const item = outgoingAt(state, outbox, last + 1)
    bytes += limits.measure(item, outbox.id)
    if (items.length > 0 && bytes > limits.bytes) break
    items.push(item)
    last = item.type === 'ack' ? item.ack.sequence : item.to
  }
  if (items.length === 0) return undefined
  const previous = first === outbox.acked + 1 ? outbox.ackedId : undefined
  return { outbox: outbox.id, first, last, previous, items }
}

/** A number without an ack is gone, and those after it up to the next ack go with it: all settled ones, to begin with. */
function outgoingAt(state: State, { owner, acked, last }: Outbox, number: number): Outgoing {
  const ack = state.acks.get(ackKey(owner, number))
  if (ack !== undefined) return { type: 'ack', ack }
  let to = Math.max(number, acked)
  while (to < last && state.acks.get(ackKey(owner, to + 1)) === undefined) to++
  return { type: 'lost', from: number, to }
}
