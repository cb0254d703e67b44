import { encodeEvents } from '../../machine/codec.ts'
import type { LogEvent } from '../../machine/events.ts'
import type { Census } from './census.ts'
import { type Context, openContext } from './context.ts'
import { Disk } from './disk.ts'
import type { Engine } from './engine.ts'
import type { Service } from './handlers.ts'
import { SharedLocks } from './locks.ts'
import { Network } from './network.ts'
import { Oracle } from './oracle.ts'
import { Promises } from './promises.ts'
import { drawProfile, type Profile } from './profile.ts'
import { type Random, seededRandom } from './random.ts'
import { Server } from './server.ts'
import { SimulatedStore } from './store.ts'
import type { Trace } from './trace.ts'
import { type Mortal, World } from './world.ts'

/** The beginning of all wall clocks. */
const beginning = Date.UTC(2026, 0, 1)

/** How long after faults have stopped nobody may be taken for lost who is not (milliseconds). */
const calmMs = 60_000

let simulations = 0

/** One schedule: contexts, a disk, a network, a server, and an oracle that watches. */
export class Simulation {
  readonly random: Random
  readonly profile: Profile
  readonly world: World
  readonly oracle: Oracle
  readonly promises: Promises
  readonly server: Server
  readonly network: Network
  readonly engine: Engine
  readonly locks: SharedLocks
  /** In a quarter of the schedules handlers keep checkpoints; the others take their course without. */
  readonly #keepsCheckpoints: boolean
  readonly service: Service = { status: 200, retryAfter: undefined, isReachable: true }
  readonly #open: Context[] = []
  #names = 0
  #ids = 0

  constructor(seed: number, trace: Trace, census: Census) {
    const random = seededRandom(seed)
    const profile = drawProfile(random)
    const world = new World(random, trace, census)
    const oracle = new Oracle(
      census,
      (line) => world.note(line),
      () => ({ ...profile, isPunctual: !world.isSkewed, isWell: (writer) => this.#isWell(writer) }),
    )
    world.isSkewed = profile.drift > 0
    this.#keepsCheckpoints = seed % 4 === 1
    simulations++
    const disk = new Disk(`simulated:${simulations}`, oracle)
    const server = new Server(world)
    server.check = (ack) => oracle.checkAck(ack)
    this.engine = {
      ...{ world, disk, faults: profile.store, isFull: false, listeners: new Map() },
      crash: (whom) => this.crash(whom),
      truncated: () => this.#truncated(),
    }
    this.random = random
    this.profile = profile
    this.world = world
    this.oracle = oracle
    this.server = server
    this.promises = new Promises(world)
    this.network = new Network(world, server, profile.network)
    this.locks = new SharedLocks(world)
    if (profile.past > 0) this.#livedThrough(profile.past)
  }

  /** The contexts that are alive and open. */
  get contexts(): readonly Context[] {
    return this.#open.filter((context) => !context.isDead && !context.isClosed)
  }

  /** All that were opened and did not die. */
  get survivors(): readonly Context[] {
    return this.#open.filter((context) => !context.isDead)
  }

  open(owner: string, isAble: boolean): Context {
    const { random, profile, world } = this
    const hasLocks = profile.locks === 'all' || (profile.locks === 'some' && random.chance(0.5))
    this.#names++
    const context = openContext({
      ...{ owner, isAble, profile },
      name: `c${this.#names}`,
      startsAt: beginning + world.now,
      rate: 1 + (random.next() * 2 - 1) * profile.drift,
      random: () => random.next(),
      mint: () => {
        this.#ids++
        return `i${this.#ids}`
      },
      store: (whom) => new SimulatedStore(this.engine, whom),
      locks: (whom) => (hasLocks ? this.locks.of(whom) : undefined),
      fetch: (whom) => this.network.of(whom),
      stage: (whom) => this.#stage(whom),
    })
    this.#open.push(context)
    world.mortals.push(context)
    this.#listen(context)
    world.note(`${context.name} opens for "${owner}"`)
    return context
  }

  /** Nothing of this context goes on any more; what it had handed over may. */
  crash(whom: Mortal): void {
    if (whom.isDead) return
    const { world, random, profile } = this
    whom.isDead = true
    const isFreed = profile.world['lock kept by the dead'] === 0 || random.chance(0.7)
    if (!isFreed) world.fault('lock kept by the dead', whom.name)
    this.locks.bury(whom, isFreed)
    this.promises.bury(whom)
    this.engine.listeners.delete(whom)
    world.note(`${whom.name} is dead`)
  }

  /** Throws what a check found anywhere. */
  check(touched: Mortal | undefined): void {
    const broken = this.oracle.broken ?? this.world.broken ?? this.promises.broken
    if (broken !== undefined) throw broken
    for (const context of this.contexts) {
      if (touched === undefined || touched === context) this.oracle.checkReplica(context)
    }
  }

  /** Lets go of what queues that were never closed still hold. */
  end(): void {
    for (const context of this.#open) context.stage.current = undefined
  }

  /** Now and then the log is gone before the answer is there. */
  #truncated(): boolean {
    const { world, random, profile } = this
    if (!world.isFaulty || !random.chance(0.1) || profile.world['log destroyed'] === 0) return false
    world.fault('log destroyed', 'after a checkpoint')
    this.engine.disk.destroy()
    return true
  }

  #isWell(writer: string): boolean {
    const isCalm = this.world.calmSince + calmMs <= this.world.now
    return isCalm && this.contexts.some(({ replica }) => replica.writer === writer)
  }

  #stage(context: Context): ReturnType<Parameters<typeof openContext>[0]['stage']> {
    return {
      ...{ world: this.world, ledger: this.oracle.ledger, service: this.service, whom: context },
      isRestless: this.profile.isRestless,
      keepsCheckpoints: this.#keepsCheckpoints,
      model: () => this.oracle.model,
      writer: () => context.replica.writer,
      crash: () => this.crash(context),
    }
  }

  #listen({ queue, name }: Context): void {
    const { census } = this.world
    for (const event of eventNames) queue.on(event, () => census.count('event', event))
    queue.on('store', ({ state }) => {
      census.count('event', `store ${state}`)
      this.world.note(`${name} store ${state}`)
    })
    queue.on('warning', ({ message, cause }) => {
      const why = cause === undefined ? '' : `: ${cause instanceof Error ? cause.message : String(cause)}`
      this.world.note(`${name} warns: ${message}${why}`)
    })
  }

  /** Jobs that have come and gone. */
  #livedThrough(jobs: number): void {
    const ids = Array.from({ length: jobs }, (_, place) => `past${place}`)
    const [owner = ''] = this.profile.owners
    const events = ids.flatMap((id): LogEvent[] => [
      { type: 'enqueued', id, owner, kind: 'plain' },
      { type: 'removed', ids: [id] },
    ])
    const body = encodeEvents(beginning, events)
    this.engine.disk.append({ id: 'past:1', body, durability: 'strict' })
  }
}

const eventNames = [
  'enqueued',
  'started',
  'progress',
  'completed',
  'retrying',
  'dead',
  'cancelled',
  'released',
  'reclaimed',
  'starved',
  'held',
  'resumed',
  'acked',
  'ack-rejected',
  'idle',
  'warning',
] as const
