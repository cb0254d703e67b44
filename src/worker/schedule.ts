import type { Clock } from '../types.ts'

/** The longest a worker goes without looking at the log: hints get lost. */
export const lookMs: number = 30_000

/** The shortest pause between two wake-ups by time alone: what could not be claimed when due is not due again. */
const pauseMs = 20

/** One timer for everything that becomes due by time. */
export class Schedule {
  readonly #clock: Clock
  readonly #onDue: () => void
  #cancel: (() => void) | undefined
  #firedAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Calls back in `ms`, or in {@link lookMs} at the latest; what was set before is off. */
  arm(ms: number): void {
    this.#cancel?.()
    const rested = this.#clock.monotonic() - this.#firedAt
    const wait = Math.max(Math.min(ms, lookMs), pauseMs - rested, 0)
    this.#cancel = this.#clock.setTimer(() => {
      this.#cancel = undefined
      this.#firedAt = this.#clock.monotonic()
      this.#onDue()
    }, wait)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
