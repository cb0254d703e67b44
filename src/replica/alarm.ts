import type { Clock } from '../types.ts'

/** A timer that is so late (milliseconds) is taken for lost: Workers end those of a request with it. */
const lostMs = 1_000

/** One timer for what is put off again and again: it is set anew only for what is due before it fires. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #dueAt = Number.POSITIVE_INFINITY
  /** When the timer fires (monotonic milliseconds). */
  #firesAt = 0
  #cancel: (() => void) | undefined

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** When it rings (monotonic milliseconds); `Infinity` while it is not set. */
  get dueAt(): number {
    return this.#dueAt
  }

  /** Rings once, at `dueAt`, and not when it was to ring before. */
  set(dueAt: number): void {
    const mono = this.#clock.monotonic()
    const isSet = this.#cancel !== undefined && this.#firesAt + lostMs >= mono
    this.#dueAt = dueAt
    if (!isSet || Math.max(dueAt, mono) < this.#firesAt) this.#arm(mono)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#dueAt = Number.POSITIVE_INFINITY
  }

  #arm(mono: number): void {
    this.#cancel?.()
    // What is past already is not taken for lost before it had its time to fire.
    this.#firesAt = Math.max(this.#dueAt, mono)
    this.#cancel = this.#clock.setTimer(() => this.#onFired(), this.#dueAt - mono)
  }

  #onFired(): void {
    const mono = this.#clock.monotonic()
    this.#cancel = undefined
    if (mono < this.#dueAt) this.#arm(mono)
    else {
      this.#dueAt = Number.POSITIVE_INFINITY
      this.#ring()
    }
  }
}
