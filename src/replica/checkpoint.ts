import { changedPages, encodePage } from '../machine/codec.ts'
import type { LogEntry } from '../machine/events.ts'
import type { State } from '../machine/state.ts'
import type { Page, Store } from '../store/contract.ts'
import type { Clock } from '../types.ts'
import type { Waits } from './waits.ts'

/** A checkpoint is due when this many events were appended since the last, or a quarter of what is live. */
const minTail = 1_000

/** How many checkpoints' entries are kept behind the mark: who reads slower than others write need not start anew. */
const keptBehind = 4

/** How long encoding may hold up a page before it lets go (milliseconds). */
const sliceMs = 8

/**
 * Writes the checkpoint when this replica's own entry crosses the trigger. Every replica counts the same tail, so one
 * of them does it; the others, whose mark then lies behind, only rewrite a few pages more when it is their turn.
 */
export class Checkpointer {
  readonly #store: Store
  readonly #clock: Clock
  readonly #waits: Waits
  readonly #minTail: number
  #log = ''
  #mark = 0
  #tail = 0
  /** Where the last checkpoints were due, the first of them first, as this replica counted. */
  #dueAt: number[] = []
  #writing: Promise<void> | undefined

  constructor(store: Store, clock: Clock, waits: Waits, minEvents: number = minTail) {
    this.#store = store
    this.#clock = clock
    this.#waits = waits
    this.#minTail = minEvents
  }

  /** A state of that log was loaded, whose pages speak up to `mark`. */
  loaded(log: string, mark: number, events: number): void {
    this.#log = log
    this.#mark = mark
    this.#tail = events
    this.#dueAt = [mark]
  }

  /** An entry was folded. */
  folded(state: State, entry: LogEntry, own: boolean): void {
    this.#tail += entry.events.length
    if (this.#tail <= Math.max(this.#minTail, (state.jobs.size + state.acks.size) / 4)) return
    this.#tail = 0
    this.#dueAt = [...this.#dueAt, entry.seq].slice(-1 - keptBehind)
    if (own) this.#due = state
  }

  #due: State | undefined

  /** Writes what is due, unless that is under way. Rejects as the store does; the log then stays as it is. */
  async write(): Promise<void> {
    if (this.#due === undefined) return this.#writing
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  /** What becomes due while another is written has no entry of its own to wait for. */
  async #writeAll(): Promise<void> {
    for (let state = this.#due; state !== undefined && !this.#waits.isOver; state = this.#due) {
      this.#due = undefined
      await this.#write(state)
    }
  }

  async #write(state: State): Promise<void> {
    const through = { log: state.log, seq: state.seq }
    const floor = this.#dueAt[0]
    const pages: Page[] = []
    let since = this.#clock.monotonic()
    for (const page of changedPages(state, this.#mark)) {
      pages.push({ id: page.id, body: encodePage(page) })
      if (this.#clock.monotonic() - since < sliceMs) continue
      await this.#waits.wait(0)
      if (this.#waits.isOver) return
      since = this.#clock.monotonic()
    }
    // An answer about a log that is gone says nothing of the pages of the one that was made anew.
    if ((await this.#store.checkpoint(through, pages, floor)) && this.#log === through.log)
      this.#mark = through.seq
  }
}
