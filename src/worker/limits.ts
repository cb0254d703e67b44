import type { Clock } from '../types.ts'
import type { Execution } from './execution.ts'

/** Stops attempts that take too long. One timer for all of them, which outlives most: it is set for the earliest. */
export class Limits {
  readonly #clock: Clock
  readonly #executions: () => Iterable<Execution>
  #at = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(clock: Clock, executions: () => Iterable<Execution>) {
    this.#clock = clock
    this.#executions = executions
  }

  /** Looks at `at` (monotonic milliseconds) at the latest. */
  expect(at: number): void {
    if (at < this.#at) this.#arm(at)
  }

  /** Nothing will be under way. */
  rest(): void {
    this.#arm(Number.POSITIVE_INFINITY)
  }

  #arm(at: number): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#at = at
    if (at === Number.POSITIVE_INFINITY) return
    this.#cancel = this.#clock.setTimer(() => this.#look(), at - this.#clock.monotonic())
  }

  #look(): void {
    const mono = this.#clock.monotonic()
    let next = Number.POSITIVE_INFINITY
    for (const execution of this.#executions()) next = Math.min(next, execution.limit(mono))
    this.#arm(next)
  }
}
