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

  /** Looks at `at` (monotonic milliseconds) at the latest, also where the timer for an earlier look was lost. */
  expect(at: number = Number.POSITIVE_INFINITY): void {
    const dueAt = Math.min(at, this.#alarm.dueAt)
    if (Number.isFinite(dueAt)) this.#alarm.set(dueAt)
  }

  /** Nothing will be under way. */
  rest(): void {
    this.#alarm.stop()
  }
}
