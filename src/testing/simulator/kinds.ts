import { QueueError } from '../../errors.ts'
import { task } from '../../queue/task.ts'
import type { Queue } from '../../queue/face.ts'
import type { Schema, Task } from '../../types.ts'

/**
 * What a job is to end as. `fine` ends as chance will have it; `fails` and `fatal` always fail; `deadly` takes its
 * context down now and then; `rotten` is found unfit once it runs.
 */
export type Fate = 'fine' | 'fails' | 'fatal' | 'deadly' | 'rotten'

/** A payload: no two are the same, so that each can be followed through the log. */
export interface Load {
  readonly serial: number
  readonly fate: Fate
  /** Makes the payload too large for the log. */
  readonly text?: string
  /** Makes it more than JSON. */
  readonly extra?: Map<string, number>
}

/** What a handler returns: which attempt it was. */
export interface Answer {
  readonly serial: number
  readonly epoch: number
}

/** A schema that likes everything while it is enqueued, and nothing rotten once it runs. */
export const freshness: { isEnqueueing: boolean } = { isEnqueueing: false }

const fresh: Schema<Load> = {
  '~standard': {
    version: 1,
    vendor: 'simulator',
    validate(value) {
      const load = value as Load
      const isFine = freshness.isEnqueueing || load.fate !== 'rotten'
      return isFine ? { value: load } : { issues: [{ message: 'is rotten', path: ['fate'] }] }
    },
  },
}

export type KindName = 'plain' | 'call' | 'once' | 'strict' | 'sour'

/** One kind for each way a kind can be. */
export const tasks: Readonly<Record<KindName, Task<Load, Answer>>> = {
  plain: task<Load, Answer>({ retry: { maxAttempts: 4, baseMs: 200, capMs: 5_000 }, stallMs: 60_000 }),
  call: task<Load, Answer>({
    retry: { maxAttempts: 5, baseMs: 500, capMs: 20_000, minMs: 10 },
    maxRunning: 2,
    timeoutMs: 45_000,
  }),
  once: task<Load, Answer>({ delivery: 'at-most-once' }),
  strict: task<Load, Answer>({ deadHead: 'block', retry: { maxAttempts: 2, baseMs: 100, backoff: 'fixed' } }),
  sour: task<Load, Load, Answer>({
    input: fresh,
    retry: { maxAttempts: 3, baseMs: 1_000, backoff: 'linear' },
  }),
}

export type Kinds = Readonly<Record<KindName, { readonly payload: Load; readonly result: Answer }>>
export type SimulatedQueue = Queue<Kinds>

export const kindNames: readonly [KindName, ...KindName[]] = ['plain', 'call', 'once', 'strict', 'sour']

/** How many errors a job of each kind may have, as its task says. */
export const maxAttempts: Readonly<Partial<Record<string, number>>> = {
  plain: 4,
  call: 5,
  once: 20,
  strict: 2,
  sour: 3,
}

/** How many of a kind may run at once, as its task says. */
export const maxRunning: Readonly<Partial<Record<string, number>>> = { call: 2 }

export function isCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof QueueError && codes.includes(error.code)
}
