import type { LogEvent } from '../../machine/events.ts'
import type { JobContext, Json } from '../../types.ts'
import { must } from './violation.ts'

const told = 'what a caller was told is true'

/** What handlers kept of their work, and so what those after them must find. */
export class Checkpoints {
  /** By job and payload (the idempotency key): every checkpoint that was asked for, and the last that was granted. */
  readonly #asked: Map<string, Set<string>> = new Map()
  readonly #granted: Map<string, number> = new Map()
  /** By job and epoch: every checkpoint that is in the log. */
  readonly #logged: Set<string> = new Set()
  #serial = 0

  /** A handler is about to keep this: something new, or the same `again`. */
  asks({ idempotencyKey, checkpointed }: JobContext, again: boolean): Json {
    const state = again && checkpointed !== undefined ? checkpointed : { serial: ++this.#serial }
    const asked = this.#asked.get(idempotencyKey) ?? new Set()
    this.#asked.set(idempotencyKey, asked.add(JSON.stringify(state)))
    return state
  }

  logged(event: LogEvent): void {
    if (event.type === 'checkpointed') this.#logged.add(nameOf(event, event.checkpoint))
  }

  /** A handler was told that what it asked for is kept. */
  granted(job: JobContext, state: Json): void {
    const { id, epoch, idempotencyKey } = job
    const text = JSON.stringify(state)
    must(
      this.#logged.has(nameOf(job, text)),
      told,
      () => `the checkpoint ${text} of job ${id} at epoch ${epoch} was granted, and is not in the log`,
    )
    this.#granted.set(idempotencyKey, Math.max(serialOf(state), this.#granted.get(idempotencyKey) ?? 0))
  }

  /** A handler begins, and holds the job as far as the log says: it finds what was granted last, or later. */
  began({ id, epoch, idempotencyKey, checkpointed }: JobContext): void {
    const text = JSON.stringify(checkpointed)
    const what = (): string => `the handler of job ${id} at epoch ${epoch} finds the checkpoint ${text}`
    const isOurs = text === undefined || this.#asked.get(idempotencyKey)?.has(text) === true
    must(isOurs, told, () => `${what()}, which nobody kept with this payload`)
    const granted = this.#granted.get(idempotencyKey) ?? 0
    must(serialOf(checkpointed) >= granted, told, () => `${what()}, granted was ${granted}`)
  }
}

function serialOf(state: Json | undefined): number {
  return (state as { readonly serial: number } | undefined)?.serial ?? 0
}

function nameOf({ id, epoch }: { readonly id: string; readonly epoch: number }, text: string): string {
  return `${id}:${epoch} ${text}`
}
