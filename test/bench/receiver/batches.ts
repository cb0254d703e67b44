import {
  ackEvent,
  completedType,
  contentType,
  encodeBatch,
  ackId,
  previousHeader,
  sourceOf,
} from '../../../src/sync/wire.ts'

export const acksEach = 1_000
/** As many as a queue sends in one request. */
export const batchSize = 500

/** What a device tells in one request: so many acknowledgements from this number on. */
export interface Batch {
  readonly device: number
  readonly from: number
}

/** Device by device within a round of batches, as many devices that sync at the same hour do. */
export function* batchesOf(devices: number, first = 0, step = 1): Generator<Batch> {
  for (let from = 1; from <= acksEach; from += batchSize)
    for (let device = first; device < devices; device += step) yield { device, from }
}

/** A row of the application's table. */
export type Row = readonly [source: string, sequence: number, subject: string]

export function rowsOf({ device, from }: Batch): Row[] {
  return Array.from({ length: batchSize }, (_, index) => [
    sourceOf('photos', `outbox-${device}`),
    from + index,
    subjectOf(device, from + index),
  ])
}

export function requestOf({ device, from }: Batch, url: string): Request {
  const source = sourceOf('photos', `outbox-${device}`)
  const events = Array.from({ length: batchSize }, (_, index) =>
    ackEvent(source, from + index, {
      type: completedType,
      job: subjectOf(device, from + index),
      data: { ...facts, result: { etag: 'W/"1"' } },
    }),
  )
  const previous = from === 1 ? undefined : ackId(from - 1, subjectOf(device, from - 1))
  return new Request(url, {
    method: 'POST',
    headers: {
      'content-type': contentType,
      authorization: principalOf(device),
      ...(previous !== undefined && { [previousHeader]: previous }),
    },
    body: encodeBatch(events),
  })
}

/** @throws Error unless all of the batch was taken. */
export async function expectTaken(response: Response, { from }: Batch): Promise<void> {
  const answer: unknown = await response.json()
  if (response.status === 200 && Reflect.get(Object(answer), 'acknowledged') === from + batchSize - 1) return
  throw new Error(`the receiver answered ${response.status}: ${JSON.stringify(answer)}`)
}

export const principalOf = (device: number): string => `device ${device}`
export const subjectOf = (device: number, sequence: number): string => `job-${device}-${sequence}`

const at = 1_700_000_000_000
const facts = { kind: 'upload', key: null, attempt: 1, finish: 1, enqueuedAt: at, finishedAt: at } as const
