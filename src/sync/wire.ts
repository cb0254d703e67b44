/**
 * What a queue and its server say to each other: batches of CloudEvents 1.0 one way, settlements the other.
 *
 * `source` names one outbox of one queue, and its acknowledgements are numbered 1, 2, 3, … without a gap. The server
 * remembers, per source, the highest number it knows and the id at it; that is all either side needs to find out
 * what the other has.
 */
import { ackId } from '../machine/rows.ts'
import { retryAfterMs } from '../retry-after.ts'

export { ackId }

/** The type of a batch, as the CloudEvents JSON format names it. */
export const contentType = 'application/cloudevents-batch+json'

/** The id of the event before the batch's first; absent when the first is number 1. */
export const previousHeader = 'Holdfast-Previous'
/** The id of the client's log. */
export const logHeader = 'Holdfast-Log'
/** In an answer: the id of the log this device had before, and has no more. */
export const lostHeader = 'Holdfast-Lost'

export const completedType = 'holdfast.job.completed'
export const deadType = 'holdfast.job.dead'
export const lostType = 'holdfast.acks.lost'

/** What both kinds of finish say of their job. */
export interface AckFacts {
  readonly kind: string
  /** The job's ordering key; `null` when it has none. */
  readonly key: string | null
  /** How many attempts were begun. */
  readonly attempt: number
  /** The how-manieth finish of this job: a redriven one finishes again, and the highest number wins. */
  readonly finish: number
  /** Epoch milliseconds, by the device's clock. */
  readonly enqueuedAt: number
  /** Epoch milliseconds, by the device's clock. */
  readonly finishedAt: number
}

export interface CompletedData extends AckFacts {
  /** What the handler returned; absent when it returned nothing, or nothing that could be stored. */
  readonly result?: unknown
}

export interface DeadData extends AckFacts {
  readonly error: AckError
}

/** Why a job died, and its last error where one was thrown. */
export interface AckError {
  /** Such as `fatal`, `errors`, `expired` or `poison`. */
  readonly reason: string
  readonly name?: string
  readonly message?: string
  /** The HTTP status, where the error carries one. */
  readonly status?: number
}

interface Envelope {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  /** RFC 3339. */
  readonly time: string
  /**
   * The CloudEvents extension of that name wants a string which sorts as the numbers do: 16 digits, zero-padded, are
   * enough for every safe integer.
   */
  readonly sequence: string
}

export interface CompletedEvent extends Envelope {
  readonly type: typeof completedType
  readonly subject: string
  readonly datacontenttype?: string
  readonly data: CompletedData
}

export interface DeadEvent extends Envelope {
  readonly type: typeof deadType
  readonly subject: string
  readonly datacontenttype?: string
  readonly data: DeadData
}

/** One finished job. */
export type AckEvent = CompletedEvent | DeadEvent

/** Numbers that are gone for good. Its own `sequence` is `to`, so that the server's mark moves there. */
export interface LostEvent extends Envelope {
  readonly type: typeof lostType
  readonly data: { readonly from: number; readonly to: number }
}

export type WireEvent = AckEvent | LostEvent

/** What an acknowledgement is made of, before it is an event. */
export type AckContent =
  | { readonly type: typeof completedType; readonly job: string; readonly data: CompletedData }
  | { readonly type: typeof deadType; readonly job: string; readonly data: DeadData }

/** One acknowledgement that the server refused for good. */
export interface Rejection {
  readonly sequence: number
  readonly code: string
  readonly message: string
}

/** The body of a 200. Everything up to `acknowledged` is settled, the listed ones as rejected. */
export interface SettledBody {
  readonly acknowledged: number
  /** The id the server has at `acknowledged`. */
  readonly id: string
  readonly rejected: readonly Rejection[]
}

/** The body of a 409: the server knows nothing from this number on, and the batch began later. */
export interface ExpectedBody {
  readonly expected: number
}

/** The body of a 409: the server knows another event under a number of this batch. */
export interface ForkBody {
  readonly fork: true
}

/** What an answer means for the sender. */
export type Answer =
  | ({ readonly type: 'settled' } & SettledBody)
  | ({ readonly type: 'expected' } & ExpectedBody)
  | { readonly type: 'fork' }
  /** Send half as much; a lone event counts this as a refusal. */
  | { readonly type: 'halve'; readonly status: number }
  | { readonly type: 'unauthorized' }
  /** Try again after `afterMs`, or after the backoff where the server did not say. */
  | { readonly type: 'wait'; readonly status: number; readonly afterMs?: number }
  /** Settles nothing: whoever answered was not the receiver, or does not want this client. */
  | { readonly type: 'refused'; readonly status: number }

export function sourceOf(queue: string, outbox: string): string {
  return `/holdfast/${escaped(queue)}/${escaped(outbox)}`
}

// A lone surrogate cannot be escaped: encodeURIComponent would throw.
function escaped(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

/** The id of a {@link LostEvent} that ends at `sequence`. */
export function lostIdOf(sequence: number): string {
  return ackId(sequence, 'lost')
}

export function ackEvent(source: string, sequence: number, content: AckContent): AckEvent {
  return {
    ...envelope(source, sequence, ackId(sequence, content.job), content.data.finishedAt),
    subject: content.job,
    datacontenttype: 'application/json',
    ...(content.type === completedType
      ? { type: content.type, data: content.data }
      : { type: content.type, data: content.data }),
  }
}

/** `at` is when the loss was noticed (epoch milliseconds). */
export function lostEvent(source: string, from: number, to: number, at: number): LostEvent {
  return { ...envelope(source, to, lostIdOf(to), at), type: lostType, data: { from, to } }
}

function envelope(source: string, sequence: number, id: string, at: number): Envelope {
  return { specversion: '1.0', id, source, time: timeOf(at), sequence: String(sequence).padStart(16, '0') }
}

// A device's clock can be set to anything; what Date cannot show must not keep an acknowledgement from being sent.
function timeOf(at: number): string {
  return new Date(Math.abs(at) <= 8.64e15 ? at : 0).toISOString()
}

/** The body of a request. */
export function encodeBatch(events: readonly WireEvent[]): string {
  return JSON.stringify(events)
}

/**
 * What an answer means. Judges by status and shape alone: a captive portal's 200 is not of the shape, a redirect
 * (status 0 when `fetch` was told to follow none) settles nothing.
 *
 * @param now - Epoch milliseconds, for a `Retry-After` that is a date.
 */
export function parseAnswer(
  status: number,
  headers: Pick<Headers, 'get'>,
  body: string,
  now: () => number,
): Answer {
  if (status === 200) return settled(parseJson(body)) ?? { type: 'refused', status }
  if (status === 409) return conflict(parseJson(body)) ?? { type: 'refused', status }
  if (status === 400 || status === 413 || status === 422) return { type: 'halve', status }
  if (status === 401) return { type: 'unauthorized' }
  if (status !== 429 && status !== 503) return { type: 'refused', status }
  const afterMs = retryAfterMs(headers, now)
  return { type: 'wait', status, ...(afterMs !== undefined && { afterMs }) }
}

function settled(body: unknown): Answer | undefined {
  if (!isRecord(body)) return undefined
  const { acknowledged, id, rejected } = body
  if (!isSequence(acknowledged) || typeof id !== 'string' || !Array.isArray(rejected)) return undefined
  const all = rejected.map(rejection)
  if (!all.every((one) => one !== undefined && one.sequence <= acknowledged)) return undefined
  return { type: 'settled', acknowledged, id, rejected: all.filter((one) => one !== undefined) }
}

function rejection(value: unknown): Rejection | undefined {
  if (!isRecord(value)) return undefined
  const { sequence, code, message } = value
  if (!isSequence(sequence) || typeof code !== 'string' || typeof message !== 'string') return undefined
  return { sequence, code, message }
}

function conflict(body: unknown): Answer | undefined {
  if (!isRecord(body)) return undefined
  if (body.fork === true) return { type: 'fork' }
  const { expected } = body
  return isSequence(expected) ? { type: 'expected', expected } : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a value can be a number of an outbox: from 1, with room for the one after it. */
export function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) < Number.MAX_SAFE_INTEGER
}
