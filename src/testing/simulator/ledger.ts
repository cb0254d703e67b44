import type { Enqueued, LogEvent } from '../../machine/events.ts'
import type { EnqueueOptions } from '../../queue/options.ts'
import type { Draft } from '../../store/contract.ts'
import type { JobContext } from '../../types.ts'
import { Checkpoints } from './checkpoints.ts'
import type { Load } from './kinds.ts'
import type { Model } from './model.ts'
import { must } from './violation.ts'

/** How a handler's call ended. */
export type Outcome =
  | { readonly type: 'returned'; readonly result: string | undefined }
  | { readonly type: 'snoozed' }
  | { readonly type: 'threw'; readonly how: How; readonly afterMs: number }

/** `own`: the job's own failure; `aborted`: with the reason of its signal. */
export type How = 'own' | 'fatal' | 'held' | 'unauthorized' | 'no-response' | 'aborted'

/** A claim as the log has it. */
interface Claim {
  readonly writer: string
  readonly serial: number | undefined
  readonly isOnce: boolean
}

/** What a caller was told of an enqueue. */
export interface Accepted {
  readonly id: string
  readonly owner: string
}

const stale = '2: one live epoch, no stale write'
const told = 'what a caller was told is true'

/** What callers and handlers saw, and nothing else of the queue: the oracle's memory. */
export class Ledger {
  readonly #loads: Map<number, Load> = new Map()
  /** By serial: what was asked for should its dedupe key be taken. */
  readonly #modes: Map<number, string> = new Map()
  /** By serial: the job that took it, as the log says. */
  readonly #taken: Map<number, string> = new Map()
  /** Jobs that had a payload beside the log which the same entry took away again: which one, nobody saw. */
  readonly #passing: Set<string> = new Set()
  /** By job: the serial that is in it now. */
  readonly #current: Map<string, number> = new Map()
  /** Serials of which a caller was told that they were not taken. */
  readonly #refused: Set<number> = new Set()
  readonly #claims: Map<string, Claim> = new Map()
  readonly #begun: Map<string, Outcome | undefined> = new Map()
  readonly #runs: Map<string, number> = new Map()
  /** By job: how often it was redriven, or asked to be called again. */
  readonly #again: Map<string, number> = new Map()
  readonly #byKey: Map<string, number> = new Map()
  /** Jobs that were found to be done already. */
  readonly found: Set<string> = new Set()
  readonly checkpoints: Checkpoints = new Checkpoints()
  /** By job: every result a handler returned for it. */
  readonly results: Map<string, Set<string>> = new Map()
  /** Jobs that callers were told are taken in, in that order. */
  readonly accepted: Map<string, Accepted> = new Map()
  /** By job: how many calls to remove or cancel it may have done so. */
  readonly #asked: Map<string, number> = new Map()
  #serial = 0

  load(fate: Load['fate'], more: Omit<Load, 'serial' | 'fate'>): Load {
    this.#serial++
    const load = { serial: this.#serial, fate, ...more }
    this.#loads.set(load.serial, load)
    return load
  }

  /** Follows the payloads of an entry that became durable. Called with each event and those after it, before it is folded. */
  logged(event: LogEvent, rest: readonly LogEvent[], draft: Draft, writer: string, model: Model): void {
    if (event.type === 'enqueued' || event.type === 'revised') this.#take(event, rest, draft)
    this.checkpoints.logged(event)
    const isSnoozed = event.type === 'released' && event.why === 'snoozed'
    if (event.type === 'redriven' || isSnoozed)
      this.#again.set(event.id, (this.#again.get(event.id) ?? 0) + 1)
    if (event.type !== 'claimed') return
    for (const id of event.jobs) {
      const job = model.job(id)
      const claim = { writer, serial: this.#current.get(id), isOnce: job.isOnce }
      this.#claims.set(nameOf(id, job.epoch + 1), claim)
    }
  }

  #take(
    event: Extract<LogEvent, { type: 'enqueued' | 'revised' }>,
    rest: readonly LogEvent[],
    { put = [] }: Draft,
  ): void {
    const isLast = !rest.some((later) => later.type === 'revised' && later.id === event.id)
    const beside = isLast ? put.find(({ id }) => id === event.id)?.value : undefined
    const payload: unknown = event.payload === undefined ? beside : JSON.parse(event.payload)
    if (payload === undefined) this.#passing.add(event.id)
    if (payload === undefined) return
    const { serial } = payload as Load
    const before = this.#taken.get(serial)
    must(before === undefined, told, () => `payload ${serial} went in twice: as ${before} and as ${event.id}`)
    must(!this.#refused.has(serial), told, () => `payload ${serial} went in, although its caller was refused`)
    this.#taken.set(serial, event.id)
    this.#current.set(event.id, serial)
  }

  /** A payload is about to be enqueued. */
  enqueues({ serial }: Load, { onDuplicate = 'keep' }: EnqueueOptions): void {
    this.#modes.set(serial, onDuplicate)
  }

  /** What the caller of this enqueue wants where its key is taken; unknown where the payload lies beside the log. */
  modeOf({ payload }: Enqueued): string | undefined {
    return payload === undefined ? undefined : this.#modes.get((JSON.parse(payload) as Load).serial)
  }

  /** A caller was told that its payload is now that of job `id`. */
  tookIn(serial: number, id: string, owner: string): void {
    const job = this.#taken.get(serial)
    const isSeen = job === id || (job === undefined && this.#passing.has(id))
    must(
      isSeen,
      '1: no resolved enqueue is lost',
      () => `payload ${serial} was taken in as ${id}, the log has ${job}`,
    )
    this.accepted.set(id, { id, owner })
  }

  /** A caller was told that its payload was surely not taken. */
  wasRefused(serial: number, why: string): void {
    const job = this.#taken.get(serial)
    must(
      job === undefined,
      told,
      () => `the caller of payload ${serial} was told "${why}", but it is in job ${job}`,
    )
    this.#refused.add(serial)
  }

  /** Whether a caller may have removed or cancelled the job. */
  mayBeGone(id: string): boolean {
    return (this.#asked.get(id) ?? 0) > 0
  }

  /** A caller asks to remove or cancel the job, or (`by` −1) is told that it surely did not happen. */
  asked(id: string, by: 1 | -1): void {
    this.#asked.set(id, (this.#asked.get(id) ?? 0) + by)
  }

  /** A handler is called. */
  began(job: JobContext, writer: string, payload: unknown, model: Model): void {
    const { id, epoch, idempotencyKey } = job
    const name = nameOf(id, epoch)
    const claim = this.#claims.get(name)
    const what = `the handler of job ${id} at epoch ${epoch}`
    must(
      claim?.writer === writer,
      stale,
      () => `${what} runs in ${writer}, claimed is it by ${claim?.writer}`,
    )
    must(!this.#begun.has(name), stale, () => `${what} is called twice`)
    this.#begun.set(name, undefined)
    const isCurrent = model.jobs.get(id)?.epoch === epoch
    this.#checkLoad(what, payload, claim.serial, idempotencyKey, isCurrent)
    if (isCurrent) this.checkpoints.began(job)
    const runs = (this.#runs.get(id) ?? 0) + 1
    this.#runs.set(id, runs)
    const may = 1 + (this.#again.get(id) ?? 0)
    must(!claim.isOnce || runs <= may, told, () => `job ${id}, to run at most once, is run for time ${runs}`)
  }

  #checkLoad(
    what: string,
    payload: unknown,
    serial: number | undefined,
    key: string,
    isCurrent: boolean,
  ): void {
    const load = payload as Load
    const given = this.#loads.get(load.serial)
    const kept = 'payloads are kept as long as they are wanted'
    const same = given !== undefined && looksOf(given) === looksOf(load)
    must(same, kept, () => `${what} gets ${looksOf(load)}, given was ${given && looksOf(given)}`)
    // A zombie may find what was put in the place of its payload.
    if (!isCurrent) return
    must(load.serial === serial, told, () => `${what} gets payload ${load.serial}, claimed was ${serial}`)
    const before = this.#byKey.get(key) ?? load.serial
    must(before === load.serial, told, () => `${what} has the idempotency key ${key} of payload ${before}`)
    this.#byKey.set(key, load.serial)
  }

  /** Tells whether the job was still held by then, as far as the log says. */
  ended({ id, epoch }: JobContext, outcome: Outcome, model: Model): boolean {
    this.#begun.set(nameOf(id, epoch), outcome)
    if (outcome.type === 'returned' && outcome.result === undefined) this.found.add(id)
    if (outcome.type === 'returned' && outcome.result !== undefined) {
      this.results.set(id, (this.results.get(id) ?? new Set()).add(outcome.result))
    }
    const job = model.jobs.get(id)
    return job?.state === 'running' && job.epoch === epoch
  }

  outcomeOf(id: string, epoch: number): Outcome | undefined {
    return this.#begun.get(nameOf(id, epoch))
  }

  /** Whether what is written of an attempt is what its handler did. */
  judge(event: LogEvent & { readonly id: string; readonly epoch?: number | undefined }, model: Model): void {
    const { id, epoch } = event
    if (epoch === undefined) return
    const outcome = this.outcomeOf(id, epoch)
    const what = (): string =>
      `"${JSON.stringify(event)}" although its handler ${JSON.stringify(outcome) ?? 'runs'}`
    if (event.type === 'completed') {
      must(outcome?.type === 'returned' && outcome.result === event.result, told, what)
    } else if (event.type === 'retried') {
      must(outcome?.type === 'threw' && outcome.how !== 'fatal', told, what)
      const isHeld = outcome.how === 'held' || outcome.how === 'unauthorized' || outcome.how === 'no-response'
      must(isHeld || event.waitMs >= outcome.afterMs, told, what)
    } else if (event.type === 'released' && event.why === 'snoozed') {
      must(
        outcome === undefined ? !this.#begun.has(nameOf(id, epoch)) : outcome.type === 'snoozed',
        told,
        what,
      )
    } else if (event.type === 'dead' && event.reason === 'fatal') {
      must(outcome?.type === 'threw' && outcome.how === 'fatal', told, what)
    } else if (event.type === 'dead' && event.reason === 'maybe-ran') {
      must(model.job(id).isOnce, told, what)
    }
  }
}

function nameOf(id: string, epoch: number): string {
  return `${id}:${epoch}`
}

/** What a payload looks like: enough to tell it from any other, and from a damaged one. */
function looksOf({ serial, fate, text, extra }: Load): string {
  return JSON.stringify([serial, fate, text?.length, extra && [...extra]])
}
