import { changedPages, encodePage } from '../machine/codec.ts'
import type { LogEntry } from '../machine/events.ts'
import type { State } from '../machine/state.ts'
import type { Page, Store } from '../store/contract.ts'
import type { Clock } from '../types.ts'
import type { Waits } from './waits.ts'

/** A checkpoint is due when so many events were appended since the last was, or a quarter of what is live. */
const minTail = 1_000

/** What an entry counts beside its events: that it has to be read. */
const entryWeight = 4

/** One that is due is written once nothing was appended for so long (milliseconds): what is busy would wait for it. */
const quietMs = 100

/** So many times due since the last, it is written at once, however busy the log is: the tail stays bounded. */
const timesDue = 8

/** How many checkpoints' entries are kept behind the mark: who reads slower than others write need not start anew. */
const keptBehind = 4

/** How long encoding may hold up a page before it lets go (milliseconds). */
const sliceMs = 8

/**
 * Writes the checkpoint that this replica's own entry made due. Every replica counts the same tail, so one of them does
 * it; the others, whose mark then lies behind, only rewrite a few pages more when it is their turn.
 */
export class Checkpointer {
  readonly #store: Store
  readonly #clock: Clock
  readonly #waits: Waits
  readonly #minTail: number
  #log = ''
  #mark = 0
  #tail = 0
  /** How often one was due since the last, and when the log last grew (monotonic milliseconds). */
  #due = 0
  #grownAt = 0
  /** Where the last checkpoints were due, the first of them first, as this replica counted. */
  #dueAt: number[] = []
  /** What is to be written, if it is this replica's turn; and at once. */
  #next: State | undefined
  #isLate = false
  #writing: Promise<void> | undefined
  #hurry: () => void = () => undefined

  constructor(store: Store, clock: Clock, waits: Waits, minEvents: number = minTail) {
    this.#store = store
    this.#clock = clock
    this.#waits = waits
    this.#minTail = minEvents
  }

  /** A state was loaded, whose pages speak up to `mark`, and these entries of it after that. */
  loaded(state: State, mark: number, entries: readonly LogEntry[]): void {
    this.#log = state.log
    this.#mark = mark
    this.#tail = entries.reduce((sum, entry) => sum + weightOf(entry), 0)
    this.#due = Math.floor(this.#tail / this.#longestTail(state))
    this.#dueAt = [mark]
  }

  /** An entry was folded. */
  folded(state: State, entry: LogEntry, own: boolean): void {
    this.#grownAt = this.#clock.monotonic()
    this.#tail += weightOf(entry)
    if (this.#tail <= this.#longestTail(state)) return
    this.#tail = 0
    this.#dueAt = [...this.#dueAt, entry.seq].slice(-1 - keptBehind)
    const isLate = ++this.#due >= timesDue
    if (isLate) this.#due = 0
    // Whose entry made it due last is to write it.
    this.#next = own ? state : undefined
    this.#isLate = own && (this.#isLate || isLate)
    if (this.#isLate) this.#hurry()
  }

  #longestTail({ jobs, acks }: State): number {
    return Math.max(this.#minTail, (jobs.size + acks.size) / 4)
  }

  /** Writes what is due, unless that is under way. Rejects as the store does; the log then stays as it is. */
  async write(): Promise<void> {
    if (this.#next === undefined) return this.#writing
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  /** What becomes due while another is written has no entry of its own to wait for. */
  async #writeAll(): Promise<void> {
    while (this.#next !== undefined) {
      await this.#quiet()
      const state = this.#next
      if (this.#waits.isOver) return
      if (state === undefined) continue
      this.#next = undefined
      this.#isLate = false
      await this.#write(state)
    }
  }

  async #quiet(): Promise<void> {
    for (;;) {
      const waitMs = this.#grownAt + quietMs - this.#clock.monotonic()
      if (this.#isLate || waitMs <= 0 || this.#waits.isOver) return
      await new Promise<void>((resolve) => {
        const cancel = this.#waits.after(waitMs, resolve, resolve)
        this.#hurry = () => {
          cancel()
          resolve()
        }
      })
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
    if (!(await this.#store.checkpoint(through, pages, floor)) || this.#log !== through.log) return
    this.#mark = through.seq
    this.#due = 0
  }
}

function weightOf({ events }: LogEntry): number {
  return events.length + entryWeight
}
