import type { Clock } from '../types.ts'

/** A context that only watches reads this often at the most. */
const watchMs = 250

/** Follows hints that somebody appended: in a context that works at once, else at most four times a second. */
export class Follower {
  readonly #clock: Clock
  readonly #look: () => void
  #cancel: (() => void) | undefined
  #isMissed = false
  /** Whether this context works. */
  eager = false

  constructor(clock: Clock, look: () => void) {
    this.#clock = clock
    this.#look = look
  }

  /** Reads at once, or with what else comes in the same quarter of a second. */
  hinted(): void {
    if (!this.eager && this.#cancel !== undefined) {
      this.#isMissed = true
      return
    }
    this.#isMissed = false
    this.#look()
    this.#cancel ??= this.#clock.setTimer(() => {
      this.#cancel = undefined
      if (this.#isMissed) this.hinted()
    }, watchMs)
  }

  stop(): void {
    this.#cancel?.()
  }
}
