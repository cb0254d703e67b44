import {
  ackEvent,
  completedType,
  contentType,
  deadType,
  encodeBatch,
  lostEvent,
  sourceOf,
  type WireEvent,
} from '../../../src/sync/wire.ts'

export const source: string = sourceOf('photos', 'outbox-1')
const at: number = Date.UTC(2026, 7, 9, 12, 0, 0)

const facts = { kind: 'upload', key: null, attempt: 1, finish: 1, enqueuedAt: at - 1_000, finishedAt: at }

/** A completed job's acknowledgement; the job is named for the number unless told. */
export function completed(sequence: number, job = `job-${sequence}`, from: string = source): WireEvent {
  return ackEvent(from, sequence, { type: completedType, job, data: { ...facts, result: { n: sequence } } })
}

export function dead(sequence: number, job = `job-${sequence}`): WireEvent {
  const error = { reason: 'errors', name: 'HttpError', message: 'Request failed', status: 500 }
  return ackEvent(source, sequence, { type: deadType, job, data: { ...facts, error } })
}

export function lost(from: number, to: number): WireEvent {
  return lostEvent(source, from, to, at)
}

export function range(from: number, to: number): WireEvent[] {
  return Array.from({ length: to - from + 1 }, (_, index) => completed(from + index))
}

export interface Sent {
  readonly who?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What a device sends; `body` is sent as it is, events as a batch. */
export function post(body: string | readonly WireEvent[], { who = 'ada', url, headers }: Sent = {}): Request {
  return new Request(url ?? 'http://localhost/acks', {
    method: 'POST',
    body: typeof body === 'string' ? body : encodeBatch(body),
    headers: { 'content-type': contentType, authorization: who, ...headers },
  })
}

/** Whom a request is from: its `Authorization`, word for word. */
export function authenticate(request: Request): string | null {
  return request.headers.get('authorization')
}
