/** Hostile requests, drawn from a seed: valid batches of what the server expects, and what is left when one breaks them. */
import {
  ackEvent,
  completedType,
  contentType,
  deadType,
  ackId,
  lostEvent,
  type WireEvent,
} from '../../../src/sync/wire.ts'
import type { Random } from '../../../src/testing/simulator/random.ts'
import { breakTree, brokenBytes, brokenText, rawBytes, wrapped } from './breaks.ts'
import type { Source } from './model.ts'

export interface Hostile {
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer>
}

const at = Date.UTC(2026, 7, 9, 12)
const encoder = new TextEncoder()

/** Draws one request; `sources` is what the server knows. */
export function hostile(random: Random, sources: ReadonlyMap<string, Source>): Hostile {
  const source = sourceOf(random)
  const events = batch(random, source, sources.get(source))
  const way = random.weighted({ whole: 30, tree: 45, text: 20, raw: 5 }) ?? 'whole'
  const headers = headersOf(random, events[0], way === 'whole')
  if (way === 'raw') return { headers, body: rawBytes(random) }
  const tree: unknown = JSON.parse(JSON.stringify(events))
  if (way === 'tree') for (let left = random.between(1, 3); left > 0; left -= 1) breakTree(random, tree)
  let text = JSON.stringify(way === 'tree' && random.chance(0.03) ? wrapped(random, tree) : tree)
  if (random.chance(0.05)) text = `\ufeff${text}`
  if (way !== 'text') return { headers, body: encoder.encode(text) }
  return {
    headers,
    body: random.chance(0.5) ? encoder.encode(brokenText(random, text)) : brokenBytes(random, text),
  }
}

function sourceOf(random: Random): string {
  const odd = [
    '/holdfast/my%20photos/o',
    '/holdfast/%E2%82%AC/o',
    `/holdfast/${'q'.repeat(4_000)}/o`,
  ] as const
  return random.chance(0.03) ? random.pick(odd) : `/holdfast/photos/outbox-${random.below(12)}`
}

function batch(random: Random, source: string, known: Source | undefined): WireEvent[] {
  const mark = known?.mark ?? 0
  const starts = { next: 60, again: 20, same: 10, gap: 8, one: 2 }
  const start = random.weighted(starts)
  const from = {
    next: mark + 1,
    again: mark - random.below(4),
    same: mark,
    gap: mark + random.between(2, 5),
    one: 1,
  }[start ?? 'next']
  const events: WireEvent[] = []
  let next = Math.max(1, from)
  const length = random.chance(0.02) ? random.between(20, 60) : random.between(1, 5)
  while (events.length < length) {
    if (random.chance(0.07)) {
      const to = random.chance(0.01) ? Number.MAX_SAFE_INTEGER - random.between(1, 3) : next + random.below(4)
      events.push(lostEvent(source, next, Math.max(next, to), at))
      next = Math.max(next, to) + 1
    } else {
      events.push(finished(random, random.chance(0.01) ? `${source}x` : source, next))
      next += 1
    }
  }
  return events
}

function finished(random: Random, source: string, sequence: number): WireEvent {
  const kind = random.weighted({ upload: 85, refuse: 10, broken: 3, constructor: 2 }) ?? 'upload'
  const job = random.chance(0.03) ? 'stranger' : `job-${sequence}`
  const facts = {
    kind,
    key: random.chance(0.2) ? 'k' : null,
    attempt: 1,
    finish: 1,
    enqueuedAt: at,
    finishedAt: at,
  }
  if (random.chance(0.2)) {
    const error = {
      reason: 'errors',
      ...(random.chance(0.5) && { name: 'HttpError', message: 'No', status: 500 }),
    }
    return ackEvent(source, sequence, { type: deadType, job, data: { ...facts, error } })
  }
  const result = random.chance(0.3) ? { n: sequence, list: [1, 'two', null] } : undefined
  return ackEvent(source, sequence, {
    type: completedType,
    job,
    data: { ...facts, ...(result !== undefined && { result }) },
  })
}

function headersOf(random: Random, first: WireEvent | undefined, isWhole: boolean): Headers {
  const headers = new Headers({ 'content-type': contentType, authorization: 'ada' })
  const before = Number(first?.sequence) - 1
  if (random.chance(0.3) && before >= 1) headers.set('holdfast-previous', ackId(before, `job-${before}`))
  if (random.chance(0.2)) headers.set('holdfast-log', random.pick(['log-1', 'log 2', 'x'.repeat(201), '']))
  if (random.chance(isWhole ? 0.1 : 0.02)) breakHeader(random, headers)
  return headers
}

function breakHeader(random: Random, headers: Headers): void {
  const value = random.pick([
    ...[
      '',
      'eve',
      '0-job',
      '3-stranger',
      '1-lost',
      '99999999999999999999-x',
      'x'.repeat(2_000),
      '\xe9',
      '-1',
      '1e9',
      '70000',
    ],
    ...[
      'identity',
      'GZIP',
      'gzip',
      'nobody knows',
      contentType.toUpperCase(),
      `${contentType}; charset=x`,
      'text/plain',
    ],
  ] as [string, ...string[]])
  const name = random.pick([
    ...[
      'authorization',
      'authorization',
      'holdfast-previous',
      'content-type',
      'content-encoding',
      'content-length',
      'cookie',
    ],
  ] as [string, ...string[]])
  headers.set(name, value)
}
