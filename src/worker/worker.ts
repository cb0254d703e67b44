import { type Ability, decideClaim } from '../machine/claim.ts'
import type { Run } from '../machine/job.ts'
import { decideRenew } from '../machine/leases.ts'
import { untilDue } from '../machine/query.ts'
import type { State } from '../machine/state.ts'
import { decideExpiry } from '../machine/upkeep.ts'
import type { Drafting } from '../replica/types.ts'
import { claimRequest, endWaitsForNetwork, isOffered, leavesSome, mayClaim } from './claiming.ts'
import { isMissed, LeaseWatch, renewMs } from './leases.ts'
import { landClaims, returnOrphans } from './orphans.ts'
import { releaseAfter } from './presence.ts'
import { Runner } from './runner.ts'
import { lookMs, Schedule } from './schedule.ts'
import type { WorkerOptions } from './types.ts'

/**
 * Runs the jobs of one context: claims what it has slots for, keeps the leases, settles, and takes back what lost
 * holders held. All its writes ride in the replica's shared entries.
 */
export class Worker {
  readonly #options: WorkerOptions
  readonly #leases: LeaseWatch
  readonly #schedule: Schedule
  #run: Run | undefined
  readonly runner: Runner
  readonly abilities: ReadonlyMap<string, Ability>
  #mode: 'off' | 'starting' | 'on' | 'stopping' = 'off'
  #name = ''
  #started: Promise<void> = Promise.resolve()
  #stopped: Promise<void> = Promise.resolve()
  /** Counts what was asked for, so that of a start and a stop the later one stands. */
  #wish = 0
  #release: () => void = () => undefined
  #undo: (() => void)[] = []
  #renewedAt = 0
  #lookedAt = 0

  constructor(options: WorkerOptions) {
    this.#options = options
    this.abilities = new Map([...options.kinds].filter(([, kind]) => kind.run !== undefined))
    this.runner = new Runner(options)
    this.#leases = new LeaseWatch(options)
    this.#schedule = new Schedule(options.clock, () => this.#onDue())
  }

  /** This context's name as a holder; empty until it first started. */
  get name(): string {
    return this.#name
  }

  get isOn(): boolean {
    return this.#mode === 'on' || this.#mode === 'starting'
  }

  /** Takes the lock, and begins to claim. Resolves once the first claim was decided. A stop under way ends first. */
  start(): Promise<void> {
    this.#wish++
    if (!this.isOn) this.#started = this.#is('stopping') ? this.#startAnew(this.#wish) : this.#start()
    return this.#started
  }

  async #startAnew(wish: number): Promise<void> {
    await this.#stopped
    if (this.#wish === wish) await this.start()
  }

  async #start(): Promise<void> {
    this.#mode = 'starting'
    const { mint, replica, leaseMs, interruptible } = this.#options
    const worker = mint()
    this.#name = worker
    try {
      await replica.open()
      const { locked, release } = await this.#leases.presence.take(worker)
      // Stopped meanwhile.
      if (!this.#is('starting') || this.#name !== worker) return release()
      this.#release = release
      this.#run = { worker, lock: locked, leaseMs, interruptible }
      this.#join()
      await replica.submit(() => undefined)
    } catch (error) {
      // What it claimed unheard counts as released.
      if (this.#name === worker && this.#is('on')) this.#abandon()
      else if (this.#name === worker) this.#off()
      throw error
    }
  }

  /** Claims nothing more; what still runs after `graceMs` is aborted and given back. */
  stop(graceMs: number): Promise<void> {
    this.#wish++
    if (this.#mode === 'off') return Promise.resolve()
    this.#mode = 'stopping'
    this.#stopped = this.#stop(graceMs, this.#name)
    return this.#stopped
  }

  async #stop(graceMs: number, worker: string): Promise<void> {
    let isGraceOver = graceMs === 0
    const cancel = this.#options.clock.setTimer(() => {
      isGraceOver = true
      this.runner.nudge()
    }, graceMs)
    const isMine = (): boolean => this.#is('stopping') && this.#name === worker
    while (this.runner.size > 0 && !isGraceOver && isMine()) await this.runner.next()
    cancel()
    // Another stop, with less patience, may have done it meanwhile.
    if (!isMine()) return
    await this.runner.giveBack()
    await landClaims(this.#options, this.runner, worker)
    if (!isMine()) return
    // Whatever the store would not take back, it may still hear that its holder is gone.
    if (this.#options.replica.state?.index.held.has(worker)) this.#abandon()
    else this.#off()
  }

  /** Gives everything up at once, as the context may be gone a moment later: bye first, then the lock. */
  leave(): Promise<void> {
    this.#wish++
    return this.#leave()
  }

  #leave(): Promise<void> {
    if (this.#mode === 'off') return Promise.resolve()
    const left = this.#options.replica.leave(this.#name)
    this.runner.abandon()
    this.#off()
    return left
  }

  /** Takes back what holders had that are gone already. Resolves to whether there was something. */
  takeBack(): Promise<boolean> {
    return this.#leases.takeBack()
  }

  /** Looks now: timers may have been frozen, and hints lost. With `online`, what waits for a network is tried. */
  wake(online: boolean): void {
    if (this.#mode === 'off') return
    const { replica, owner, warn } = this.#options
    if (online && replica.state) endWaitsForNetwork(replica.state, owner)
    this.#lookedAt = this.#options.clock.monotonic()
    replica.catchUp().then(
      () => replica.poke(),
      (error: unknown) => warn('Cannot read the log', error),
    )
  }

  #join(): void {
    const { replica, connectivity } = this.#options
    this.#mode = 'on'
    this.#leases.start(this.#name)
    replica.eager = true
    this.#lookedAt = this.#options.clock.monotonic()
    this.#undo = [
      replica.ride((state, drafting) => this.#ride(state, drafting)),
      replica.listen({
        entry: ({ seq }, own) => this.#onEntry(!own, seq),
        left: () => this.#onEntry(false),
        notice: ({ state }) => {
          // Started while the queue was closing, too.
          if (state === 'down' || state === 'closed') this.#abandon()
          if (state === 'reloaded' || state === 'replaced') this.#onEntry(true)
        },
      }),
      connectivity.subscribe(() => this.wake(true)),
    ]
    this.#onEntry(false)
  }

  /** Joins every entry: expires, renews, keeps progress, and claims with the slots that this entry frees. */
  #ride(state: State, drafting: Drafting): () => void {
    const deciding = this.#options.deciding(drafting)
    const { mono } = drafting.now
    decideExpiry(state, deciding)
    returnOrphans(state, this.#name, this.runner, deciding)
    const renews = mono - this.#renewedAt >= renewMs(this.#options)
    if (renews) decideRenew(state, this.#name, deciding)
    const kept = this.runner.keepProgress(state, deciding.emit)
    const { events } = drafting
    const isFree = this.#mode === 'on' && mayClaim(events, this.#options)
    const run = isFree ? this.#run : undefined
    const request = run && claimRequest(state, run, events, this.abilities, this.runner, this.#options)
    const claimed = request ? decideClaim(state, request, deciding) : []
    // Who left, and holds nothing, need not be told of for ever.
    if (events.length > 0) for (const bye of drafting.byes) if (!isMissed(state, bye)) drafting.forget(bye)
    return () => {
      if (leavesSome(events, this.#options)) this.#options.replica.poke()
      if (renews || claimed.length > 0) this.#renewedAt = mono
      kept()
      if (this.#is('on') && this.#run === run) this.runner.begin(claimed)
    }
  }

  /** Something was committed; the last of what is told together counts. Another context's was offered to nobody here yet. */
  #onEntry(isNews: boolean, seq = Number.POSITIVE_INFINITY): void {
    const { state } = this.#options.replica
    if (state === undefined || seq < state.seq || this.#mode === 'off') return
    const run = isNews && this.#mode === 'on' ? this.#run : undefined
    if (run && isOffered(state, run, this.abilities, this.runner, this.#options)) this.#options.replica.poke()
    this.runner.look(state)
    this.#leases.look(state)
    this.#arm(state)
  }

  #arm(state: State): void {
    const { clock, owner } = this.#options
    const now = { wall: clock.now(), mono: clock.monotonic() }
    const untilRenewal = state.index.held.has(this.#name)
      ? this.#renewedAt + renewMs(this.#options) - now.mono
      : lookMs
    const untilClaim = this.#mode === 'on' ? untilDue(state, owner, this.abilities, now) : lookMs
    this.#schedule.arm(Math.min(untilRenewal, untilClaim, this.#leases.untilLost(state, now.mono)))
  }

  #onDue(): void {
    const { replica, clock } = this.#options
    const { state } = replica
    if (state === undefined) return
    if (clock.monotonic() - this.#lookedAt >= lookMs) this.wake(false)
    else if (this.#leases.lost(state, replica.byes).length > 0) void this.#leases.reclaim()
    else replica.poke()
    this.#arm(state)
  }

  /** The log cannot be used any more: whatever is held counts as released. */
  #abandon(): void {
    const { clock, warn } = this.#options
    const release = this.#release
    this.#release = () => undefined
    const left = this.#leave().catch((error: unknown) => warn('Cannot leave a bye', error))
    releaseAfter(left, release, clock)
  }

  #off(): void {
    this.#mode = 'off'
    this.#run = undefined
    this.#options.replica.eager = false
    for (const undo of this.#undo.splice(0)) undo()
    this.#schedule.stop()
    this.#leases.stop()
    this.runner.stop()
    this.#release()
    this.#release = () => undefined
  }

  #is(mode: 'starting' | 'on' | 'stopping'): boolean {
    return this.#mode === mode
  }
}
