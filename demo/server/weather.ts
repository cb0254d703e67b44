import { setTimeout as sleep } from 'node:timers/promises'
import { problem, type Reply } from './reply.ts'

/** What can be made to go wrong. */
export interface Switches {
  /** The share of requests answered 500, from 0 to 1. */
  readonly failureRate: number
  /** How long each answer takes (milliseconds). */
  readonly latencyMs: number
  /** Everything is answered 503. */
  readonly down: boolean
  /** The share of new photos whose first request is answered 500, from 0 to 1. */
  readonly failFirst: number
}

/** The API's moods: what to answer a request with instead of serving it. */
export interface Weather {
  readonly switches: Switches
  /** How many new photos were refused at their first request. */
  readonly failedFirst: number
  /** Sets some of the switches. Returns what is wrong with them, if something is. */
  set(given: object): string | undefined
  /** Waits as long as answers take now. Rejects when the signal aborts. */
  delay(signal: AbortSignal): Promise<void>
  /** The failure that a request meets, if any. `key` tells a photo's first request from its later ones. */
  strike(key?: string): Reply | undefined
}

const calm: Switches = { failureRate: 0, latencyMs: 0, down: false, failFirst: 0 }

/** `seed`: the same requests in the same order fail again. */
export function createWeather(seed: number): Weather {
  let switches = calm
  let random = randomFrom(seed)
  const seen = new Set<string>()
  let owed = 0
  let failedFirst = 0

  /** Failures are spread evenly: of any 3 new photos one fails, if a third should. */
  function failsFirst(key: string): boolean {
    if (seen.has(key)) return false
    seen.add(key)
    owed += switches.failFirst
    // A third, three times, is a little less than one.
    if (owed < 1 - 1e-9) return false
    owed -= 1
    failedFirst++
    return true
  }

  return {
    get switches() {
      return switches
    },
    get failedFirst() {
      return failedFirst
    },
    set(given) {
      const wrong = faultIn(given)
      if (wrong !== undefined) return wrong
      const next = { ...switches, ...given }
      if (next.failureRate !== switches.failureRate) random = randomFrom(seed)
      if (next.failFirst !== switches.failFirst) owed = 0
      switches = next
      return undefined
    },
    async delay(signal) {
      if (switches.latencyMs > 0) await sleep(switches.latencyMs, undefined, { signal })
    },
    strike(key) {
      if (switches.down) return problem(503, 'The API is down', { 'retry-after': '1' })
      if (key !== undefined && failsFirst(key)) return problem(500, 'The API failed, this once')
      if (random() < switches.failureRate) return problem(500, 'The API failed by chance')
      return undefined
    },
  }
}

const shares = { min: 0, max: 1 }
const ranges: Readonly<Record<string, { readonly min: number; readonly max: number }>> = {
  failureRate: shares,
  failFirst: shares,
  latencyMs: { min: 0, max: 60_000 },
}

function faultIn(given: object): string | undefined {
  for (const [name, value] of Object.entries(given)) {
    const range = ranges[name]
    if (range === undefined && name !== 'down') return `there is no switch "${name}"`
    if (range === undefined && typeof value !== 'boolean') return `"${name}" must be true or false`
    if (range && !(typeof value === 'number' && value >= range.min && value <= range.max)) {
      return `"${name}" must be a number from ${range.min} to ${range.max}`
    }
  }
  return undefined
}

/** Mulberry32: a small generator of numbers from 0 to below 1. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
