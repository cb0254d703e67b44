import { textOf } from './text.ts'

/** What each job carries: about 200 bytes of JSON, or 4 KiB. */
export interface Payload {
  readonly url: string
  readonly text: string
  readonly number: number
}

export type Size = 'small' | 'large'

/** Characters of text. */
const lengths: Readonly<Record<Size, number>> = { small: 150, large: 4_040 }

/** The same for one number, and no two alike. */
export function payloadOf(number: number, size: Size = 'small'): Payload {
  return { url: `https://example.com/items/${number}`, text: textOf(number, lengths[size]), number }
}

/** Payloads, made before the clock runs. */
export function payloads(count: number, size: Size = 'small'): Payload[] {
  return Array.from({ length: count }, (_, number) => payloadOf(number, size))
}

/** Counts how often each job ran, and knows when all did. */
export interface Census {
  /** The trivial handler. */
  readonly run: (payload: Payload) => void
  /** Resolves with the run that makes it `count`. */
  reached(count: number): Promise<void>
  /** @throws Error unless each of the first `count` jobs ran exactly once, and no other did. */
  check(count: number): void
}

export function createCensus(most: number): Census {
  const runs = new Uint8Array(most)
  const waiting = new Map<number, () => void>()
  let total = 0
  return {
    run({ number }) {
      runs[number] = (runs[number] ?? 0) + 1
      total += 1
      waiting.get(total)?.()
    },
    reached(count) {
      if (total >= count) return Promise.resolve()
      return new Promise((resolve) => waiting.set(count, resolve))
    },
    check(count) {
      const wrong = runs.subarray(0, count).findIndex((times) => times !== 1)
      if (wrong >= 0) throw new Error(`job ${wrong} ran ${runs[wrong]} times`)
      expectCount('runs', total, count)
    },
  }
}

/** @throws Error naming what was counted. */
export function expectCount(what: string, seen: number, expected: number): void {
  if (seen !== expected) throw new Error(`${what}: ${seen}, where ${expected} were expected`)
}

/** Milliseconds that `work` takes. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

/** Jobs in a second. */
export async function rate(count: number, work: () => Promise<unknown>): Promise<number> {
  return (count / (await timed(work))) * 1_000
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

let names = 0

/** A name that nothing in this origin has. */
export function freshName(): string {
  names += 1
  return `bench-${Date.now()}-${names}`
}
