import { createHash } from 'node:crypto'
import type { Api } from './api.ts'

export interface Forecast {
  readonly seed: number
  /** Which share of the requests is answered 500, from 0 to 1. */
  readonly share: number
  /** The photo whose every upload is answered 500. */
  readonly broken?: string
}

export interface Weather {
  readonly strike: Api['strike']
  /** How many requests it answered 500, by the photo's name, or by the path of what is no photo. */
  readonly struck: ReadonlyMap<string, number>
}

/**
 * Answers some requests 500. A photo's own name and number of uploads decide, never the order in which photos arrive, so
 * that a seed that failed fails again.
 */
export function badWeather({ seed, share, broken }: Forecast): Weather {
  const asked = new Map<string, number>()
  const struck = new Map<string, number>()
  return {
    struck,
    strike({ path, photo }) {
      const subject = photo ?? path
      const attempt = count(asked, subject)
      if (subject !== broken && chance(seed, subject, attempt) >= share) return undefined
      count(struck, subject)
      return 500
    },
  }
}

function count(counts: Map<string, number>, subject: string): number {
  const counted = (counts.get(subject) ?? 0) + 1
  counts.set(subject, counted)
  return counted
}

/** From 0 to below 1, spread evenly. */
function chance(seed: number, subject: string, attempt: number): number {
  const hash = createHash('sha256').update(JSON.stringify([seed, subject, attempt]))
  return hash.digest().readUInt32BE() / 2 ** 32
}
