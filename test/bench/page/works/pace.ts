import type { Run } from './fixture.ts'

/** How many are taken in at a time. */
export const step = 500
/** So many steps wait beyond the backlog at first: one to run while the next is taken in. */
export const ahead = 2

/** Lets jobs run only as fast as others come in, so that as many wait all the while. */
export interface Pace {
  readonly run: Run
  /** How long the runs that count took: milliseconds. Rejects with what an intake throws. */
  readonly taken: Promise<number>
  /** Resolves to how many were taken in, once all of it is committed. */
  brought(): Promise<number>
  /** How many waited beyond the backlog, at the least and at the most. */
  seen(): { readonly least: number; readonly most: number }
}

export interface PaceOptions {
  /** How many run before the clock does, while the engine still compiles what they run. */
  readonly warm: number
  /** How many runs there are, those included. */
  readonly count: number
  /** Takes one step in. */
  readonly intake: () => Promise<void>
  /** @throws Error when it ran before. */
  readonly note: (number: number) => void
}

/** One intake a step of runs: none begins while what came in does not make up for it. */
export function createPace({ warm, count, intake, note }: PaceOptions): Pace {
  const ended = Promise.withResolvers<number>()
  let startedAt = Number.NaN
  let [ran, landed, least, most] = [0, 0, ahead * step, ahead * step]
  let next = Promise.withResolvers<void>()
  let landing: Promise<void> = Promise.resolve()
  const surplus = (): number => ahead * step + landed - ran
  const takeIn = async (): Promise<void> => {
    await intake()
    landed += step
    most = Math.max(most, surplus())
    next.resolve()
    next = Promise.withResolvers()
  }
  // Heard by whoever waits for the end, and again by `brought`.
  ended.promise.catch(() => undefined)
  return {
    async run(number, signal) {
      while (ran === count || surplus() <= 0) await turn(next.promise, signal)
      ran += 1
      least = Math.min(least, surplus())
      try {
        note(number)
      } catch (error) {
        ended.reject(error)
      }
      if (ran === warm) startedAt = performance.now()
      if (ran === count) ended.resolve(performance.now() - startedAt)
      else if (ran % step === 0) {
        landing = landing.then(takeIn)
        landing.catch(ended.reject)
      }
    },
    taken: ended.promise,
    brought: async () => {
      await landing
      return landed
    },
    seen: () => ({ least, most }),
  }
}

/** Waits for the next intake, unless the job is to be given back. */
async function turn(next: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    await Promise.race([next, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
