import { nextBatch, type Outgoing, type OutgoingBatch } from '../machine/outgoing.ts'
import type { Ack } from '../machine/rows.ts'
import type { State } from '../machine/state.ts'
import {
  type AckContent,
  type AckError,
  type AckFacts,
  ackEvent,
  completedType,
  contentType,
  deadType,
  encodeBatch,
  logHeader,
  lostEvent,
  previousHeader,
  sourceOf,
  type WireEvent,
} from './wire.ts'

/** Whose acknowledgements, and how many of them at once. */
export interface BatchChoice {
  readonly queue: string
  readonly owner: string
  readonly from?: number | undefined
  readonly count: number
  /** The longest body (bytes); a lone event is sent however large. */
  readonly bytes: number
  /** The wall clock: when numbers that are gone were found to be. */
  readonly at: number
}

/** A batch as it is sent. */
export interface Batch extends OutgoingBatch {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** The next batch of an owner's outbox; `undefined`: there is nothing to send. */
export function encodeNext(state: State, choice: BatchChoice): Batch | undefined {
  const { queue, owner, from, count, at } = choice
  const events: WireEvent[] = []
  const measure = (item: Outgoing, outbox: string): number => {
    const event = eventOf(sourceOf(queue, outbox), item, at)
    events.push(event)
    return bytesOf(JSON.stringify(event)) + comma
  }
  const batch = nextBatch(state, owner, { from, count, bytes: choice.bytes - brackets, measure })
  if (batch === undefined) return undefined
  const headers = {
    'Content-Type': contentType,
    [logHeader]: state.log,
    ...(batch.previous !== undefined && { [previousHeader]: batch.previous }),
  }
  return { ...batch, headers, body: encodeBatch(events.slice(0, batch.items.length)) }
}

const comma = 1
const brackets = 2

/** How long a text is as it is sent. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}

function eventOf(source: string, item: Outgoing, at: number): WireEvent {
  if (item.type === 'lost') return lostEvent(source, item.from, item.to, at)
  return ackEvent(source, item.ack.sequence, contentOf(item.ack))
}

function contentOf(ack: Ack): AckContent {
  const { id: job, kind, key = null, attempt, finish, enqueuedAt, finishedAt, result } = ack
  const facts: AckFacts = { kind, key, attempt, finish, enqueuedAt, finishedAt }
  if (ack.type === 'dead') return { type: deadType, job, data: { ...facts, error: errorOf(ack) } }
  const data = result === undefined ? facts : { ...facts, result: JSON.parse(result) as unknown }
  return { type: completedType, job, data }
}

function errorOf({ reason = 'fatal', error }: Ack): AckError {
  if (error === undefined) return { reason }
  const { name, message, status } = error
  return { reason, name, message, ...(Number.isSafeInteger(status) && status !== undefined && { status }) }
}
