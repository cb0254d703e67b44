import type { Random } from './random.ts'

/** How likely a call of the store goes wrong, and how. */
export interface StoreFaults {
  readonly failed: number
  readonly 'lost before': number
  readonly 'lost after': number
  readonly 'crashed before': number
  readonly 'crashed after': number
  readonly stalled: number
}

/** How likely a request goes wrong, and how. */
export interface NetworkFaults {
  readonly 'lost request': number
  readonly 'lost response': number
  readonly 'duplicated request': number
  readonly 'late response': number
  readonly 'answered 500': number
  readonly 'answered 503': number
  readonly 'answered 429': number
  readonly 'answered 401': number
  readonly 'captive portal': number
}

/** What happens to contexts and to the world between them, by how often. */
export interface WorldFaults {
  readonly crash: number
  readonly freeze: number
  readonly 'wall clock forwards': number
  readonly 'wall clock back': number
  readonly 'quota begins': number
  readonly 'log destroyed': number
  readonly 'newer version': number
  readonly 'network down': number
  readonly 'service changes': number
  readonly 'acknowledgement refused': number
  readonly 'acknowledgement rejected': number
  readonly 'lock kept by the dead': number
}

/** What callers do, by how often. */
export interface Operations {
  readonly enqueue: number
  readonly enqueueAll: number
  readonly cancel: number
  readonly redrive: number
  readonly edit: number
  readonly remove: number
  readonly pause: number
  readonly resume: number
  readonly flush: number
  readonly start: number
  readonly stop: number
  readonly drain: number
  readonly close: number
  readonly open: number
  readonly leave: number
  readonly wake: number
  readonly result: number
  readonly hide: number
  readonly look: number
  readonly destroy: number
}

/** What one schedule is made of. Each leaves other things out, so that what remains happens in other company. */
export interface Profile {
  readonly contexts: number
  readonly owners: readonly string[]
  readonly locks: 'all' | 'some' | 'none'
  readonly leaseMs: number
  readonly concurrency: number
  readonly maxCrashes: number
  /** The host of these contexts stops them at will. */
  readonly interruptible: boolean
  readonly checkpointEvents: number
  readonly lingerMs: number
  readonly maxRunning: number
  readonly maxPending: number
  readonly overflow: 'reject' | 'drop-oldest'
  readonly finishedCount: number
  /** So many jobs have come and gone before: positions and pages do not begin at their first. */
  readonly past: number
  /** Handlers take long, and workers are stopped again and again. */
  readonly isRestless: boolean
  /** How much faster or slower a context's clocks may run. */
  readonly drift: number
  /** How often something is asked for, goes wrong, or time passes, instead of what is due. */
  readonly operationRate: number
  readonly faultRate: number
  readonly patience: number
  readonly store: StoreFaults
  readonly network: NetworkFaults
  readonly world: WorldFaults
  readonly operations: Operations
}

/** All of them, as often as they may be. */
export const storeFaults: StoreFaults = {
  failed: 0.02,
  'lost before': 0.02,
  'lost after': 0.02,
  'crashed before': 0.006,
  'crashed after': 0.006,
  stalled: 0.01,
}

/** All of them, as often as they may be. */
export const networkFaults: NetworkFaults = {
  'lost request': 0.1,
  'lost response': 0.1,
  'duplicated request': 0.1,
  'late response': 0.1,
  'answered 500': 0.1,
  'answered 503': 0.1,
  'answered 429': 0.1,
  'answered 401': 0.1,
  'captive portal': 0.1,
}

/** All of them, as often as they may be. */
export const worldFaults: WorldFaults = {
  crash: 3,
  freeze: 4,
  'wall clock forwards': 2,
  'wall clock back': 2,
  'quota begins': 1,
  'log destroyed': 0.5,
  'newer version': 0.05,
  'network down': 2,
  'service changes': 6,
  'acknowledgement refused': 2,
  'acknowledgement rejected': 1,
  'lock kept by the dead': 1,
}

const operations: Operations = {
  enqueue: 30,
  enqueueAll: 6,
  cancel: 5,
  redrive: 3,
  edit: 3,
  remove: 4,
  pause: 1,
  resume: 3,
  flush: 3,
  start: 8,
  stop: 4,
  drain: 3,
  close: 2,
  open: 8,
  leave: 2,
  wake: 2,
  result: 3,
  hide: 1,
  look: 3,
  destroy: 1,
}

/** Draws a profile: each fault and each verb is there or not, most of them there. */
export function drawProfile(random: Random): Profile {
  const some = <Weights>(weights: Weights, presence: number): Weights =>
    Object.fromEntries(
      Object.entries(weights as Record<string, number>).map(([name, weight]) => [
        name,
        random.chance(presence) ? weight : 0,
      ]),
    ) as Weights
  const owner = random.chance(0.5) ? '' : 'ann'
  const isRestless = random.chance(0.05)
  return {
    contexts: isRestless ? 1 : random.between(2, 4),
    owners: random.chance(0.4) ? [owner, 'bob'] : [owner],
    locks: random.pick(['all', 'some', 'none']),
    leaseMs: random.pick([3_000, 10_000, 30_000]),
    concurrency: random.pick([1, 2, 4]),
    maxCrashes: random.pick([0, 1, 5]),
    interruptible: random.chance(0.2),
    lingerMs: random.pick([0, 200]),
    checkpointEvents: random.pick([15, 40, 100, 1_000]),
    maxRunning: random.chance(0.3) ? random.between(1, 3) : Number.POSITIVE_INFINITY,
    maxPending: random.chance(0.3) ? random.between(3, 8) : Number.POSITIVE_INFINITY,
    overflow: random.pick(['reject', 'drop-oldest']),
    finishedCount: random.pick([3, 1_000]),
    isRestless,
    past: random.chance(0.25) ? random.between(230, 255) : 0,
    drift: random.chance(0.5) ? 0.02 : 0,
    operationRate: random.pick([0.1, 0.2, 0.35]),
    faultRate: random.pick([0.01, 0.03, 0.06]),
    patience: random.pick([0.03, 0.1, 0.2]),
    store: random.chance(0.8) ? some(storeFaults, 0.7) : some(storeFaults, 0),
    network: random.chance(0.8) ? some(networkFaults, 0.5) : some(networkFaults, 0),
    world: some(worldFaults, 0.6),
    operations: isRestless
      ? { ...some(operations, 0), enqueue: 4, open: 8, start: 40, stop: 40 }
      : {
          ...some(operations, 0.75),
          enqueue: operations.enqueue,
          start: operations.start,
          open: operations.open,
        },
  }
}
