import { decideReclaim, type LostLease, lostLeases, untilSilent } from '../machine/leases.ts'
import type { State } from '../machine/state.ts'
import { createPresence, type Presence } from './presence.ts'
import type { WorkerOptions } from './types.ts'

/** How long a holder with a lock may be silent before its leases are lost all the same (milliseconds). */
export const lockSilenceMs: number = 5 * 60_000

/** How often a lease is renewed (milliseconds): well before others lose patience, whichever of the two they go by. */
export function renewMs({ leaseMs }: WorkerOptions): number {
  return Math.min(leaseMs, lockSilenceMs) / 3
}

/** Watches the other holders, and takes back what the lost ones held. */
export class LeaseWatch {
  readonly #options: WorkerOptions
  readonly presence: Presence
  #me = ''
  #isOn = false
  #reclaiming: Promise<boolean> | undefined

  constructor(options: WorkerOptions) {
    this.#options = options
    const { locks, warn } = options
    this.presence = createPresence(
      locks,
      () => this.#onFreed(),
      (error) => warn('Cannot watch the lock of another worker', error),
    )
  }

  start(me: string): void {
    this.#me = me
    this.#isOn = true
  }

  stop(): void {
    this.#isOn = false
    this.presence.stop()
  }

  /** Watches the locks of everybody else who holds jobs. */
  look(state: State): void {
    const others = new Set<string>()
    for (const [worker, ids] of state.index.held) {
      const [id] = worker === this.#me ? [] : ids
      if (id !== undefined && state.jobs.get(id)?.run?.lock) others.add(worker)
    }
    this.presence.watch(others)
    if (this.lost(state, this.#options.replica.byes).length > 0) void this.reclaim()
  }

  /** Looks who is gone already, and takes back what they held. Resolves to whether there was something. */
  async takeBack(): Promise<boolean> {
    await this.presence.settled(this.#me)
    const { state, byes } = this.#options.replica
    return state !== undefined && this.lost(state, byes).length > 0 && this.reclaim()
  }

  lost(state: State, byes: ReadonlySet<string>): LostLease[] {
    const { freed } = this.presence
    return lostLeases(state, { me: this.#me, byes, freed, lockSilenceMs }, this.#options.clock.monotonic())
  }

  /** Milliseconds until somebody's silence is too long. */
  untilLost(state: State, mono: number): number {
    let until = Number.POSITIVE_INFINITY
    for (const worker of state.index.held.keys()) {
      if (worker !== this.#me) until = Math.min(until, untilSilent(state, worker, lockSilenceMs, mono))
    }
    return until
  }

  /** Reads who said goodbye, and takes back what the lost held, in one step. Resolves to whether that was done. */
  reclaim(): Promise<boolean> {
    if (!this.#isOn) return Promise.resolve(false)
    this.#reclaiming ??= this.#reclaim().finally(() => {
      this.#reclaiming = undefined
    })
    return this.#reclaiming
  }

  #reclaim(): Promise<boolean> {
    const { replica, maxCrashes, deciding, warn } = this.#options
    const decided = replica.submit(
      (state, drafting) => {
        const lost = this.lost(state, drafting.byes)
        decideReclaim(state, lost, maxCrashes, deciding(drafting))
        for (const bye of drafting.byes) if (!isMissed(state, bye)) drafting.forget(bye)
        return true
      },
      { fresh: true },
    )
    return decided.catch((error: unknown) => {
      warn('Cannot take back lost jobs yet', error)
      return false
    })
  }

  #onFreed(): void {
    const { replica, warn } = this.#options
    replica.catchUp().then(
      () => void this.reclaim(),
      (error: unknown) => warn('Cannot read the log', error),
    )
  }
}

/** Whether who said goodbye still has something that others are to take: jobs, or an outbox. */
export function isMissed(state: State, bye: string): boolean {
  if (state.index.held.has(bye)) return true
  for (const { sender } of state.outboxes.values()) if (sender === bye) return true
  return false
}
