import { Alarm } from '../replica/alarm.ts'
import type { Clock } from '../types.ts'

/** The longest a worker goes without looking at the log: hints get lost. */
export const lookMs: number = 30_000

/** The shortest pause between two wake-ups by time alone: what could not be claimed when due is not due again. */
const pauseMs = 20

/** Everything that becomes due by time: most often it is put off once more, by whatever is committed next. */
export class Schedule {
  readonly #clock: Clock
  readonly #alarm: Alarm
  #firedAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock
    this.#alarm = new Alarm(clock, () => {
      this.#firedAt = clock.monotonic()
      onDue()
    })
  }

  /** Calls back in `ms`, or in {@link lookMs} at the latest; what was asked for before is off. */
  arm(ms: number): void {
    const dueAt = this.#clock.monotonic() + Math.min(ms, lookMs)
    this.#alarm.set(Math.max(dueAt, this.#firedAt + pauseMs))
  }

  stop(): void {
    this.#alarm.stop()
  }
}
