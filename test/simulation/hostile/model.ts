/**
 * What a receiver must do, said once more and in another way: by schemas, over what the README says of the wire. It
 * shares nothing with the receiver but the platform's JSON.
 */
import { isUtf8 } from 'node:buffer'
import { batchOf, type Event } from './schema.ts'

export const maxBodyBytes = 65_536
export const maxBatch = 40
const maxRejected = 1_000

export interface Rejected {
  readonly sequence: number
  readonly code: string
  readonly message: string
}

export interface Source {
  readonly principal: string
  readonly mark: number
  readonly id: string
  readonly rejected: readonly Rejected[]
}

export interface Effect {
  readonly source: string
  readonly sequence: number
}

/** What has to come of one request. */
export interface Prediction {
  /** Several where it is not said which of two faults is told of. */
  readonly statuses: readonly number[]
  /** The body of a 200 or a 409. */
  readonly body?: unknown
  readonly effects: readonly Effect[]
  /** The source it speaks for, if it is a batch. */
  readonly source?: string
}

const none = { effects: [] }

/** How deep the brackets of a text nest that are not within its strings. */
function depthOf(json: string): number {
  let depth = 0
  let deepest = 0
  for (const bracket of json.replace(/"(?:[^"\\]|\\.)*(?:"|\\?$)/gs, '').match(/[[\]{}]/g) ?? []) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

/** A server as it should be, with the application of hostile.test.ts behind it. */
export class Model {
  readonly sources: Map<string, Source> = new Map()

  /** What comes of a request, and from now on has come of it. */
  take(headers: Headers, body: Uint8Array): Prediction {
    const who = headers.get('authorization')
    if (who === 'nobody knows') return { ...none, statuses: [503] }
    if (who === null || who === '') return { ...none, statuses: [401] }
    const type = headers.get('content-type')?.replace(/;.*/s, '').trim().toLowerCase()
    const encoding = headers.get('content-encoding')?.toLowerCase()
    if (type !== 'application/cloudevents-batch+json' || (encoding ?? 'identity') !== 'identity') {
      return { ...none, statuses: [415] }
    }
    const claimed = Number(headers.get('content-length'))
    if (claimed > maxBodyBytes || body.length > maxBodyBytes) return { ...none, statuses: [413] }
    if (!isUtf8(body)) return { ...none, statuses: [400] }
    return this.#takeText(
      Buffer.from(body)
        .toString()
        .replace(/^\ufeff/, ''),
      headers,
      who,
    )
  }

  #takeText(json: string, headers: Headers, who: string): Prediction {
    const isDeep = depthOf(json) > 128
    let parsed: unknown
    try {
      parsed = JSON.parse(json)
    } catch {
      return { ...none, statuses: isDeep ? [400, 422] : [400] }
    }
    if (isDeep) return { ...none, statuses: [422] }
    if (Array.isArray(parsed) && parsed.length > maxBatch) return { ...none, statuses: [413] }
    const previous = headers.get('holdfast-previous')
    const batch = batchOf(parsed, previous)
    return batch ? this.#settle(batch, previous, who) : { ...none, statuses: [422] }
  }

  #settle(batch: readonly [Event, ...Event[]], previous: string | null, who: string): Prediction {
    const [{ source }] = batch
    const about = { ...none, source }
    const known = this.sources.get(source)
    if (known && known.principal !== who) return { ...about, statuses: [403] }
    const first = batch[0].from
    if (known) {
      const claims = batch.flatMap(({ to, id }) => (to === known.mark ? [id] : []))
      if (previous !== null && first - 1 === known.mark) claims.push(previous)
      if (claims.some((id) => id !== known.id && id !== `${known.mark}-lost`)) {
        return { ...about, statuses: [409], body: { fork: true } }
      }
    }
    const expected = (known?.mark ?? 0) + 1
    if (first > expected) return { ...about, statuses: [409], body: { expected } }
    return this.#apply(batch, first, known, who)
  }

  #apply(batch: readonly Event[], first: number, known: Source | undefined, principal: string): Prediction {
    const source = batch[0]?.source ?? ''
    const effects: Effect[] = []
    let now: Source = known ?? { principal, mark: 0, id: '', rejected: [] }
    let rejected = now.rejected.filter(({ sequence }) => sequence >= first)
    let isBroken = false
    for (const { to: sequence, id, kind } of batch) {
      if (sequence <= now.mark) continue
      isBroken = kind === 'broken'
      if (isBroken) break
      if (kind === 'refuse') rejected = [...rejected, { sequence, code: 'refused', message: 'No' }]
      else if (kind !== undefined) effects.push({ source, sequence })
      rejected = rejected.slice(-maxRejected)
      now = { principal, mark: sequence, id, rejected }
    }
    if (now.mark > (known?.mark ?? 0)) this.sources.set(source, now)
    if (isBroken) return { statuses: [503], effects, source }
    return { statuses: [200], effects, source, body: { acknowledged: now.mark, id: now.id, rejected } }
  }
}
