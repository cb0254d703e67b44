import type { Clock } from '../types.ts'

/**
 * One timer for what is put off again and again: it is set anew only for what is due before it fires. One that did not
 * fire when it was to is taken for lost: Workers end those of a request with it.
 */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #cancel: (() => void) | undefined
  /** When the timer fires, and when the alarm rings (monotonic milliseconds). */
  #firesAt = 0
  #dueAt = 0

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings once, at `dueAt` (monotonic milliseconds); when it was to ring before is off. */
  set(dueAt: number): void {
    const mono = this.#clock.monotonic()
    const isSet = this.#cancel !== undefined && this.#firesAt >= mono
    this.#dueAt = dueAt
    if (!isSet || dueAt < this.#firesAt) this.#arm(mono)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #arm(mono: number): void {
    this.stop()
    this.#firesAt = this.#dueAt
    this.#cancel = this.#clock.setTimer(() => this.#onFired(), Math.max(this.#dueAt - mono, 0))
  }

  #onFired(): void {
    const mono = this.#clock.monotonic()
    this.#cancel = undefined
    if (mono < this.#dueAt) this.#arm(mono)
    else this.#ring()
  }
}
