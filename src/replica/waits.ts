import type { Clock } from '../types.ts'

/** The timers of one replica, which end with it. */
export class Waits {
  readonly #clock: Clock
  readonly #ends: Set<() => void> = new Set()
  #isOver = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Resolves after so many milliseconds, or with {@link end}. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isOver) resolve()
      else this.after(ms, resolve, resolve)
    })
  }

  /** Calls back after so many milliseconds; `ended`, where {@link end} is called first. Returns what cancels both. */
  after(ms: number, callback: () => void, ended?: () => void): () => void {
    const cancel = (): void => {
      stop()
      this.#ends.delete(end)
    }
    const end = (): void => {
      cancel()
      ended?.()
    }
    const stop = this.#clock.setTimer(() => {
      this.#ends.delete(end)
      callback()
    }, ms)
    this.#ends.add(end)
    return cancel
  }

  /** Ends all that wait, and any {@link wait} that begins later. */
  end(): void {
    this.#isOver = true
    for (const end of this.#ends) end()
  }
}
