import { changedPages, encodePage } from '../machine/codec.ts'
import type { LogEntry } from '../machine/events.ts'
import type { State } from '../machine/state.ts'
import type { Page, Store } from '../store/contract.ts'
import type { Clock } from '../types.ts'
import { Alarm } from './alarm.ts'
import type { Waits } from './waits.ts'

/** A checkpoint is due when so many events were appended since the last was, or a quarter of what is live. */
const minTail = 1_000

/** What an entry counts beside its events: that it has to be read. */
const entryWeight = 4

/** One that is due is written once nothing was appended for so long (milliseconds): what is busy would wait for it. */
const quietMs = 100

/** Due so many times since the last that this replica knows of, it is written at once, however busy the log is. */
const timesDue = 8

/** How many checkpoints' entries are kept behind the mark: who reads slower than others write need not start anew. */
const keptBehind = 4

/** How long encoding may hold up a page before it lets go (milliseconds). */
const sliceMs = 8

export interface CheckpointerOptions {
  readonly store: Store
  readonly clock: Clock
  readonly waits: Waits
  /** Told what the store refused one with. */
  readonly onError: (error: unknown) => void
  /** How long the log's tail has to be. @default 1_000 */
  readonly minEvents?: number | undefined
}

/**
 * Writes the checkpoint that an entry of this replica's own made due. Most often replicas count the same tail, and one of
 * them does it. Where they do not, and nobody has for long, the next to append does. Of two that write the same, the second
 * finds the mark there; one whose mark lies behind only rewrites a few pages more.
 */
export class Checkpointer {
  readonly #store: Store
  readonly #clock: Clock
  readonly #waits: Waits
  readonly #onError: (error: unknown) => void
  readonly #minTail: number
  #log = ''
  #mark = 0
  #tail = 0
  /** How often one was due since the last, and when the log last grew (monotonic milliseconds). */
  #due = 0
  #grownAt = 0
  /** Where the last checkpoints were due, the first of them first, as this replica counted. */
  #dueAt: number[] = []
  /** What is to be written, if it is this replica's turn. */
  #next: State | undefined
  #isWriting = false
  /** For the end of a pause. */
  readonly #alarm: Alarm

  constructor({ store, clock, waits, onError, minEvents = minTail }: CheckpointerOptions) {
    this.#store = store
    this.#clock = clock
    this.#waits = waits
    this.#onError = onError
    this.#minTail = minEvents
    this.#alarm = new Alarm(clock, () => this.look())
  }

  /** A state was loaded, whose pages speak up to `mark`, and these entries of it after that. */
  loaded(state: State, mark: number, entries: readonly LogEntry[]): void {
    this.#log = state.log
    this.#mark = mark
    this.#tail = entries.reduce((sum, entry) => sum + weightOf(entry), 0)
    this.#due = Math.floor(this.#tail / this.#longestTail(state))
    this.#dueAt = [mark]
    this.#next = undefined
  }

  /** An entry was folded. */
  folded(state: State, entry: LogEntry, own: boolean): void {
    this.#grownAt = this.#clock.monotonic()
    this.#tail += weightOf(entry)
    const isDue = this.#tail > this.#longestTail(state)
    if (isDue) {
      this.#tail = 0
      this.#due++
      this.#dueAt = [...this.#dueAt, entry.seq].slice(-1 - keptBehind)
    }
    if (own && (isDue || this.#due >= timesDue)) this.#next = state
  }

  #longestTail({ jobs, acks }: State): number {
    return Math.max(this.#minTail, (jobs.size + acks.size) / 4)
  }

  /** Writes what is due, once it is time for it, unless that is under way. A store that refuses leaves the log as it is. */
  look(): void {
    const state = this.#next
    if (state === undefined || this.#isWriting || this.#waits.isOver) return
    const mono = this.#clock.monotonic()
    // Nobody waits beside an exclusive handle, and a timer would keep its object in memory.
    const quietAt = this.#grownAt + (this.#store.exclusive ? 0 : quietMs)
    if (this.#due >= timesDue || quietAt <= mono) void this.#begin(state)
    else this.#alarm.set(quietAt)
  }

  /** Writes nothing more than what is under way. */
  end(): void {
    this.#alarm.stop()
  }

  async #begin(state: State): Promise<void> {
    const due = this.#due
    this.#isWriting = true
    this.#due = 0
    this.#next = undefined
    try {
      await this.#write(state)
    } catch (error) {
      // Tried again when the next is due, and not with each entry.
      this.#due += Math.min(due, timesDue - 1)
      this.#onError(error)
    }
    this.#isWriting = false
    // What became due meanwhile has no entry of its own to wait for.
    this.look()
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
    const isNewest = await this.#store.checkpoint(through, pages, floor)
    // An answer about a log that is gone says nothing of the pages of the one that was made anew.
    if (isNewest && this.#log === through.log) this.#mark = through.seq
  }
}

function weightOf({ events }: LogEntry): number {
  return events.length + entryWeight
}
