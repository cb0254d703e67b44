import { type Verdict, verdictOf } from '../errors.ts'
import { maxMessageLength } from '../machine/job.ts'
import type { FailureNote, Judged } from '../machine/settle.ts'
import type { Connectivity } from './types.ts'

/** What a dead letter shows of a thrown value: bounded, and never throwing itself. */
export function noteOf(error: unknown): FailureNote {
  if (!(error instanceof Error)) return { name: 'Error', message: cut(textOf(() => error)) }
  const name = cut(textOf(() => error.name))
  return { name, message: cut(textOf(() => error.message)), status: statusOf(error) }
}

function statusOf(error: Error): number | undefined {
  try {
    return 'status' in error && typeof error.status === 'number' ? error.status : undefined
  } catch {
    // An error whose status cannot be read has none.
    return undefined
  }
}

/** Turns "no response" into what it means: the job's own failure if the world can be reached, else a hold. */
export async function judge(error: unknown, connectivity: Connectivity): Promise<Judged> {
  const verdict: Verdict = verdictOf(error)
  if (verdict.type === 'hold') return { ...verdict, cause: causeOf(error) }
  if (verdict.type !== 'no-response') return verdict
  const answered = connectivity.online() && (await connectivity.probe())
  return answered ? { type: 'retry' } : { type: 'hold', cause: 'no-response' }
}

function causeOf(error: unknown): 'throttled' | 'unavailable' {
  return noteOf(error).status === 429 ? 'throttled' : 'unavailable'
}

function textOf(get: () => unknown): string {
  try {
    return String(get())
  } catch (cause) {
    return `something that cannot be shown (${cause instanceof Error ? cause.name : 'no reason given'})`
  }
}

function cut(text: string): string {
  return text.length > maxMessageLength ? `${text.slice(0, maxMessageLength - 1)}…` : text
}
