import { type AckEvent, completedType, ackId, isSequence, lostType, type WireEvent } from '../sync/wire.ts'
import type { Ack } from './ack.ts'
import {
  checked,
  completedFields,
  errorFields,
  factFields,
  faultInEvent,
  isName,
  unescaped,
} from './shape.ts'

/** A batch that is well-formed: of one source, its numbers consecutive. */
export interface Batch {
  readonly source: string
  readonly queue: string
  /** The first number it speaks for. */
  readonly first: number
  /** What the sender has just before it, where it said so. */
  readonly previous: { readonly to: number; readonly id: string } | undefined
  readonly items: readonly Item[]
}

/** One event: the numbers it speaks for, and the acknowledgement unless they are lost. */
export interface Item {
  readonly from: number
  readonly to: number
  readonly id: string
  readonly ack: Ack | undefined
}

/** Why a body is no batch, in words for the sender's developer. */
export interface Malformed {
  readonly fault: string
}

/** Reads a parsed body, with the `Holdfast-Previous` header beside it. Trusts nothing. */
export function decodeBatch(body: unknown, previous: string | null, principal: string): Batch | Malformed {
  if (!Array.isArray(body)) return { fault: 'the body is not an array of events' }
  const events: WireEvent[] = []
  for (const [index, value] of body.entries()) {
    const fault = faultInEvent(value)
    if (fault !== undefined) return { fault: `event ${index}: ${fault}` }
    events.push(value as WireEvent)
  }
  const source = events[0]?.source
  if (source === undefined) return { fault: 'the batch is empty' }
  const queue = unescaped(source.split('/')[2] ?? '')
  if (queue === undefined) return { fault: `event 0: the queue's name in source is not well-formed` }
  const items = events.map((event) => itemOf(event, queue, principal))
  const first = items[0]?.from ?? 0
  const before = previousOf(previous, first)
  if (before === 'malformed') return { fault: `Holdfast-Previous is not the id of number ${first - 1}` }
  const fault = faultInOrder(events, items)
  return fault === undefined ? { source, queue, first, previous: before, items } : { fault }
}

function itemOf(event: WireEvent, queue: string, principal: string): Item {
  const to = Number(event.sequence)
  if (event.type === lostType) return { from: event.data.from, to, id: event.id, ack: undefined }
  return { from: to, to, id: event.id, ack: ackOf(event, to, queue, principal) }
}

function ackOf(event: AckEvent, sequence: number, queue: string, principal: string): Ack {
  const { source, id, subject, time } = event
  const envelope = { principal, source, queue, sequence, id, subject, time }
  if (event.type === completedType) {
    return { ...envelope, type: 'completed', data: checked(event.data, completedFields) }
  }
  const error = checked(event.data.error, errorFields)
  return { ...envelope, type: 'dead', data: { ...checked(event.data, factFields), error } }
}

function faultInOrder(events: readonly WireEvent[], items: readonly Item[]): string | undefined {
  for (const [index, item] of items.entries()) {
    const before = items[index - 1]
    if (before === undefined) continue
    if (events[index]?.source !== events[0]?.source) return `event ${index}: its source is another`
    if (item.from !== before.to + 1) return `event ${index}: number ${item.from} does not follow ${before.to}`
  }
  return undefined
}

function previousOf(header: string | null, first: number): Batch['previous'] | 'malformed' {
  if (header === null) return undefined
  const to = first - 1
  return isSequence(to) && isName(header) && header.startsWith(ackId(to, ''))
    ? { to, id: header }
    : 'malformed'
}
