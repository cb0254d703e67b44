import type { Clock } from '../types.ts'

/** What the next attempt waits for. */
export type Why = 'linger' | 'busy' | 'backoff' | 'offline'

export interface Plan {
  readonly why: Why
  /** Epoch milliseconds. */
  readonly at: number
}

/** The one timer of a sender. */
export class Planner {
  readonly #clock: Clock
  readonly #begin: () => void
  #plan: Plan | undefined
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, begin: () => void) {
    this.#clock = clock
    this.#begin = begin
  }

  get plan(): Plan | undefined {
    return this.#plan
  }

  /** Puts this in the place of what was planned. */
  set(why: Why, delayMs: number): void {
    this.cancel()
    this.#plan = { why, at: this.#clock.now() + delayMs }
    this.#cancelTimer = this.#clock.setTimer(() => {
      this.#plan = undefined
      this.#begin()
    }, delayMs)
  }

  cancel(): void {
    this.rest()
    this.#plan = undefined
  }

  /** Waits no more; what is planned stays known, for whoever asks or calls {@link resume}. */
  rest(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  /** Waits for the rest of what was planned. */
  resume(): void {
    if (this.#plan !== undefined) this.set(this.#plan.why, Math.max(0, this.#plan.at - this.#clock.now()))
  }
}
