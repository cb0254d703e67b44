import { decodeEntry } from '../../machine/codec.ts'
import { FORMAT } from '../../machine/events.ts'
import type { Draft, Entry } from '../../store/contract.ts'
import type { Ack } from '../../receiver/index.ts'
import type { Census } from './census.ts'
import type { Context } from './context.ts'
import type { DiskLog, DiskWatcher } from './disk.ts'
import { type Conditions, judge } from './laws.ts'
import { Ledger } from './ledger.ts'
import { Levels } from './levels.ts'
import { Model } from './model.ts'
import { must, Violation } from './violation.ts'

/** What became of one log. */
interface Era {
  readonly log: string
  readonly levels: Levels
  readonly model: Model
  /** By job that ever was in it: whose. */
  readonly known: Map<string, string>
  /** A newer version wrote in it: this one can do nothing with it any more. */
  isAhead: boolean
}

function eraOf(log: string): Era {
  return { log, levels: new Levels(log), model: new Model(), known: new Map(), isAhead: false }
}

/** Watches the disk, the contexts and the server, and knows what must hold between them. */
export class Oracle implements DiskWatcher {
  readonly ledger: Ledger = new Ledger()
  readonly #census: Census
  readonly #note: (line: string) => void
  readonly #conditions: () => Conditions
  readonly #bodies: Map<string, string> = new Map()
  readonly #appended: Set<string> = new Set()
  readonly #eras: Map<string, Era> = new Map()
  /** Finishes of logs that are gone: whether the server hears of them is open. */
  readonly #bygone: Set<string> = new Set()
  readonly #gone: Set<string> = new Set()
  #era: Era = eraOf('')
  /** The first thing that was found inside a store's call, which must not be taken for the store's failure. */
  broken: unknown

  constructor(census: Census, note: (line: string) => void, conditions: () => Conditions) {
    this.#census = census
    this.#note = note
    this.#conditions = conditions
  }

  /** A newer version wrote in the log. */
  get isAhead(): boolean {
    return this.#era.isAhead
  }

  get model(): Model {
    return this.#era.model
  }

  created(log: DiskLog): void {
    for (const finish of this.#era.model.finishes.keys()) this.#bygone.add(finish)
    for (const id of this.#era.known.keys()) this.#gone.add(id)
    this.#era = eraOf(log.id)
    this.#eras.set(log.id, this.#era)
  }

  drafted({ id, body }: Draft): void {
    this.#guard(() => {
      const other = this.#bodies.get(id)
      const same = other === undefined || other === body
      must(
        same,
        '2: one live epoch, no stale write',
        () => `two drafts are named ${id}: ${other} and ${body}`,
      )
      this.#bodies.set(id, body)
    })
  }

  appended(entry: Entry, draft: Draft, byes: ReadonlySet<string>, log: DiskLog): void {
    this.#guard(() => {
      const { isAhead } = this.#era
      must(!isAhead, '7: it goes on, or says why not', () => `${entry.id} follows what a newer version wrote`)
      this.#era.isAhead = isNewer(entry)
      if (this.#era.isAhead) return
      const { writer, events, at } = decodeEntry(entry)
      const { model, levels } = this.#era
      this.#note(`  entry ${entry.seq} ${entry.id}: ${entry.body}`)
      must(
        !this.#appended.has(entry.id),
        '2: one live epoch, no stale write',
        () => `${entry.id} is in twice`,
      )
      this.#appended.add(entry.id)
      for (const [place, event] of events.entries()) {
        this.#census.count('log', event.type)
        if (event.type === 'dead') this.#census.count('dead', event.reason)
        if (event.type === 'reclaimed') this.#census.count('reclaimed', event.cause)
        if (event.type === 'enqueued') this.#era.known.set(event.id, event.owner)
        if (event.type === 'erased') this.#erased(event.owner)
        judge(event, {
          ...{ model, ledger: this.ledger, writer, byes, at, previous: events[place - 1] },
          ...this.#conditions(),
        })
        this.ledger.logged(event, events.slice(place + 1), draft, writer, model)
        model.apply(event, writer, at)
      }
      levels.append(entry)
      levels.checkModel(model)
      this.#checkPayloads(log)
    })
  }

  checkpointed(log: DiskLog): void {
    this.#census.count('fault', 'truncated')
    if (!this.#era.isAhead) this.#guard(() => this.#era.levels.checkLoad(log))
  }

  #erased(owner: string): void {
    for (const finish of this.model.finishes.keys()) this.#bygone.add(finish)
    for (const [id, whose] of this.#era.known) if (whose === owner) this.#gone.add(id)
  }

  /** What is beside the log is what jobs that may still run, or be looked at, have there. */
  #checkPayloads({ payloads }: DiskLog): void {
    const kept = 'payloads are kept as long as they are wanted'
    for (const { id, isBeside, state } of this.model.jobs.values()) {
      if (isBeside) must(payloads.has(id), kept, () => `job ${id} is ${state}, and its payload is gone`)
    }
    for (const id of payloads.keys()) {
      must(this.model.jobs.get(id)?.isBeside === true, kept, () => `the payload of ${id} is kept for nobody`)
    }
  }

  /** A context's committed state is what its log says up to where it is. */
  checkReplica({ name, replica }: Context): void {
    const { state } = replica
    const era = state && this.#eras.get(state.log)
    if (state && era) era.levels.checkReplica(name, state)
  }

  /** Whether a job went with its log, or with everything of its owner: nothing is promised for it any more. */
  isGone(id: string): boolean {
    return this.#gone.has(id)
  }

  /** The server is told only of what is finished. */
  checkAck({ subject, data, type }: Ack): void {
    const finish = `${subject}#${data.finish}`
    const isKnown = this.model.finishes.has(finish) || this.#bygone.has(finish)
    const gapless = '5: acknowledgements have no gap and no repeat'
    must(isKnown, gapless, () => `the server is told that ${finish} is ${type}, which the log does not say`)
  }

  #guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      const any = '6: any way of folding gives the same state'
      this.broken ??= error instanceof Violation ? error : new Violation(any, String(error), { cause: error })
    }
  }
}

function isNewer({ body }: Entry): boolean {
  const { v } = JSON.parse(body) as { readonly v: number }
  return v > FORMAT
}
