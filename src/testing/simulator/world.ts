import type { ManualClock } from '../manual-clock.ts'
import type { Census } from './census.ts'
import type { Random } from './random.ts'
import type { Trace } from './trace.ts'
import { nextTurn } from './turn.ts'

/** What a context is made of, as far as time and death concern it. */
export interface Mortal {
  readonly name: string
  readonly clock: ManualClock
  /** How many milliseconds its clocks count in one of the world's. */
  readonly rate: number
  isDead: boolean
  /** Nothing of it goes on before this instant of the world. */
  frozenUntil: number
  /** Its monotonic clock stands while it is frozen, as a sleeping machine's may. */
  sleeps: boolean
}

/** Something that is about to happen, once it is chosen. */
export interface Action {
  readonly label: string
  readonly readyAt: number
  /** To whom it happens: not when dead, not before it is thawed. Nobody: the world outside. */
  readonly whom: Mortal | undefined
  readonly run: () => void
}

/** The time all contexts live in, and everything that is about to happen in it. */
export class World {
  readonly random: Random
  readonly trace: Trace
  readonly census: Census
  readonly mortals: Mortal[] = []
  /** Milliseconds since the beginning. */
  now = 0
  /** Some context's wall clock was set, or runs at a pace of its own. */
  isSkewed = false
  /** Faults happen. */
  isFaulty = true
  /** Since when no more faults happen. */
  calmSince: number = Number.POSITIVE_INFINITY
  /** What a check found where nobody could be told by throwing. */
  broken: unknown
  #actions: Action[] = []

  constructor(random: Random, trace: Trace, census: Census) {
    this.random = random
    this.trace = trace
    this.census = census
  }

  /** Lets something happen, in so many milliseconds at the earliest. */
  later(whom: Mortal | undefined, label: string, delayMs: number, run: () => void): void {
    this.#actions.push({ label, readyAt: this.now + delayMs, whom, run })
  }

  note(line: string): void {
    // Stores are numbered over all simulations: a seed's trace is the same each time.
    this.trace.note(`${this.now} ${line.replaceAll(/simulated:\d+/g, 'simulated')}`)
  }

  /** A fault happens now: noted and counted. */
  fault(name: string, detail = ''): void {
    this.census.count('fault', name)
    this.note(`FAULT ${name} ${detail}`)
  }

  /** Everything that can happen now: what is due, and the first due timer of each context. */
  ready(): Action[] {
    const ready = this.#actions.filter((action) => this.#waitOf(action) === 0)
    for (const whom of this.mortals) {
      if (whom.isDead || whom.frozenUntil > this.now || whom.clock.untilNext() !== 0) continue
      const run = (): void => void whom.clock.runDue()
      ready.push({ label: `${whom.name} timer`, readyAt: this.now, whom, run })
    }
    return ready
  }

  /** Lets it happen, and everything that follows from it until something has to be waited for. */
  async perform(action: Action): Promise<void> {
    this.note(action.label)
    const place = this.#actions.indexOf(action)
    if (place >= 0) this.#actions.splice(place, 1)
    action.run()
    await nextTurn()
  }

  /** Milliseconds until something can happen; `undefined`: nothing ever will. */
  untilNext(): number | undefined {
    let until = Number.POSITIVE_INFINITY
    for (const action of this.#actions) until = Math.min(until, this.#waitOf(action))
    for (const { clock, rate, frozenUntil, isDead, sleeps } of this.mortals) {
      const timer = isDead ? undefined : clock.untilNext()
      if (timer === undefined) continue
      const frozenMs = Math.max(0, frozenUntil - this.now)
      const runMs = Math.ceil(timer / rate)
      until = Math.min(until, sleeps ? frozenMs + runMs : Math.max(frozenMs, runMs))
    }
    return until === Number.POSITIVE_INFINITY ? undefined : until
  }

  /** Lets time pass in every context, each by its own clocks. */
  pass(ms: number): void {
    for (const { clock, rate, isDead, frozenUntil, sleeps } of this.mortals) {
      if (isDead) continue
      const sleptMs = sleeps ? Math.min(ms, Math.max(0, frozenUntil - this.now)) : 0
      clock.pass(Math.ceil((ms - sleptMs) * rate))
      clock.setWall(clock.now() + sleptMs)
    }
    this.now += ms
  }

  /** Forgets what would have happened to the dead. */
  bury(): void {
    this.#actions = this.#actions.filter(({ whom }) => !whom?.isDead)
    for (let place = this.mortals.length - 1; place >= 0; place--) {
      if (this.mortals[place]?.isDead) this.mortals.splice(place, 1)
    }
  }

  #waitOf({ whom, readyAt }: Action): number {
    if (whom?.isDead) return Number.POSITIVE_INFINITY
    return Math.max(0, Math.max(readyAt, whom?.frozenUntil ?? 0) - this.now)
  }
}
