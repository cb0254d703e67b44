import type { Clock } from '../types.ts'

/** The longest a worker goes without looking at the log: hints get lost. */
export const lookMs: number = 30_000

/** The shortest pause between two wake-ups by time alone: what could not be claimed when due is not due again. */
const pauseMs = 20

/**
 * One timer for everything that becomes due by time. It is set anew only for what is due before it fires: most often
 * that is put off once more, by whatever is committed next.
 */
export class Schedule {
  readonly #clock: Clock
  readonly #onDue: () => void
  #cancel: (() => void) | undefined
  /** When it fires, and when something is due (monotonic milliseconds). */
  #firesAt = 0
  #dueAt = 0
  #firedAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Calls back in `ms`, or in {@link lookMs} at the latest; what was asked for before is off. */
  arm(ms: number): void {
    const mono = this.#clock.monotonic()
    this.#dueAt = Math.max(mono + Math.min(ms, lookMs), this.#firedAt + pauseMs)
    if (this.#cancel === undefined || this.#dueAt < this.#firesAt) this.#set(mono)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #set(mono: number): void {
    this.stop()
    this.#firesAt = this.#dueAt
    this.#cancel = this.#clock.setTimer(() => this.#onFired(), Math.max(this.#dueAt - mono, 0))
  }

  #onFired(): void {
    const mono = this.#clock.monotonic()
    this.#cancel = undefined
    if (mono < this.#dueAt) this.#set(mono)
    else {
      this.#firedAt = mono
      this.#onDue()
    }
  }
}
