import { type Verdict, verdictOf } from '../errors.ts'
import { maxMessageLength } from '../machine/job.ts'
import type { FailureNote, Judged } from '../machine/settle.ts'
import type { Connectivity } from './types.ts'

/** What a dead letter shows of a thrown value: bounded, and never throwing itself. */
export function noteOf(error: unknown): FailureNote {
  if (!(error instanceof Error)) return { name: 'Error', message: cut(textOf(error)) }
  const { name, message } = error
  const status = 'status' in error && typeof error.status === 'number' ? error.status : undefined
  return { name: cut(String(name)), message: cut(String(message)), status }
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

function textOf(value: unknown): string {
  try {
    return String(value)
  } catch (cause) {
    return `a ${typeof value} that cannot be shown (${cause instanceof Error ? cause.name : 'no reason given'})`
  }
}

function cut(text: string): string {
  return text.length > maxMessageLength ? `${text.slice(0, maxMessageLength - 1)}…` : text
}
