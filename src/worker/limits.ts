import { Alarm } from '../replica/alarm.ts'
import type { Clock } from '../types.ts'
import type { Execution } from './execution.ts'

/** Stops attempts that take too long. */
export class Limits {
  readonly #clock: Clock
  readonly #executions: () => Iterable<Execution>
  readonly #alarm: Alarm
  /** When it looks (monotonic milliseconds). */
  #at = Number.POSITIVE_INFINITY

  constructor(clock: Clock, executions: () => Iterable<Execution>) {
    this.#clock = clock
    this.#executions = executions
    this.#alarm = new Alarm(clock, () => this.#look())
  }

  /** Looks at `at` (monotonic milliseconds) at the latest. */
  expect(at: number): void {
    if (at >= this.#at) return
    this.#at = at
    this.#alarm.set(at)
  }

  /** Nothing will be under way. */
  rest(): void {
    this.#at = Number.POSITIVE_INFINITY
    this.#alarm.stop()
  }

  #look(): void {
    const mono = this.#clock.monotonic()
    this.#at = Number.POSITIVE_INFINITY
    for (const execution of this.#executions()) this.expect(execution.limit(mono))
  }
}
