import { Alarm } from '../replica/alarm.ts'
import type { Clock } from '../types.ts'
import type { Execution } from './execution.ts'

/** Stops attempts that take too long. */
export class Limits {
  readonly #alarm: Alarm

  constructor(clock: Clock, executions: () => Iterable<Execution>) {
    this.#alarm = new Alarm(clock, () => {
      const mono = clock.monotonic()
      for (const execution of executions()) this.expect(execution.limit(mono))
    })
  }

  /** Looks at `at` (monotonic milliseconds) at the latest. */
  expect(at: number): void {
    if (at < this.#alarm.dueAt) this.#alarm.set(at)
  }

  /** Sees to it that the look that is expected comes: its timer may be lost. */
  insist(): void {
    if (this.#alarm.dueAt < Number.POSITIVE_INFINITY) this.#alarm.set(this.#alarm.dueAt)
  }

  /** Nothing will be under way. */
  rest(): void {
    this.#alarm.stop()
  }
}
