import { entryId } from '../machine/codec.ts'
import type { LogEntry } from '../machine/events.ts'
import type { State } from '../machine/state.ts'
import type { Draft } from '../store/contract.ts'
import { type Drafted, toEntry } from './draft.ts'
import type { DurabilityChoice } from './types.ts'

/** What a batch drafted, each time under an id of its own: any of what was handed to the store may have landed unheard. */
export class Drafts {
  readonly #writer: string
  readonly #nextCounter: () => number
  readonly #sent: Map<string, Drafted> = new Map()
  #counter = 0
  #last: Drafted | undefined

  constructor(writer: string, nextCounter: () => number) {
    this.#writer = writer
    this.#nextCounter = nextCounter
  }

  /** What was decided last, unless it is too large. */
  get last(): Drafted | undefined {
    return this.#last
  }

  add(drafted: Drafted): void {
    this.#last = drafted
    this.#counter = this.#nextCounter()
  }

  /** What the store is to append for the last; `undefined` where there is nothing, or too much. */
  entry(choice: DurabilityChoice, maxBytes: number, isWanted: boolean): Draft | undefined {
    const drafted = this.#last
    if (drafted === undefined || (!isWanted && isEmpty(drafted))) return undefined
    const id = entryId(this.#writer, this.#counter)
    const entry = toEntry(id, drafted, choice)
    if (entry.body.length > maxBytes) {
      this.#last = undefined
      return undefined
    }
    this.#sent.set(id, drafted)
    return entry
  }

  /** The last as the log has it. */
  entryAt(seq: number, { now, events }: Drafted): LogEntry {
    return { seq, writer: this.#writer, counter: this.#counter, at: now.wall, events }
  }

  sent(id: string): Drafted | undefined {
    return this.#sent.get(id)
  }

  /** The one that a state knows to be in its log. */
  landedIn(state: State): Drafted | undefined {
    const counter = state.writers.get(this.#writer)?.counter
    return counter === undefined ? undefined : this.#sent.get(entryId(this.#writer, counter))
  }
}

function isEmpty({ events, payloads, forget }: Drafted): boolean {
  return events.length === 0 && payloads.size === 0 && forget.length === 0
}
