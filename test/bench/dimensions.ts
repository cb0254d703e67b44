/** What grows in the bench, and how far: for the page, which makes it, and for whoever judges the curves. */

/** What a queue holds while it is looked at. */
export interface Amounts {
  /** Jobs that wait. */
  readonly backlog: number
  readonly kinds: number
  /** How many keys the jobs share; 0: they have none. */
  readonly keys: number
  /** Dead letters kept. */
  readonly dead: number
  /** Finished jobs whose acknowledgement no server answered. */
  readonly unacknowledged: number
  /** Contexts that have the queue open; one of them runs it. */
  readonly replicas: number
  /** Whether there is a server to acknowledge to, even with nothing to tell it. */
  readonly isSynced: boolean
  readonly isInMemory: boolean
  /** Whether priorities are all over the place, so that what runs next lies in pages far apart. */
  readonly isScattered: boolean
}

/** What is read of each queue. */
export type Quantity = 'cost' | 'cold' | 'disk' | 'heap'

export interface Dimension {
  readonly id: string
  /** What grows, and what stays as it is. */
  readonly title: string
  readonly sizes: readonly number[]
  readonly quantities: readonly Quantity[]
  readonly amountsOf: (size: number) => Partial<Amounts>
}

const few: Amounts = {
  backlog: 1_000,
  kinds: 1,
  keys: 0,
  dead: 0,
  unacknowledged: 0,
  replicas: 1,
  isSynced: false,
  isInMemory: false,
  isScattered: false,
}
const backlogs = [10, 100, 1_000, 10_000, 100_000]
const kept = [0, 1_000, 10_000, 100_000]
const all = ['disk', 'cold', 'heap', 'cost'] as const
const inMemory = ['cold', 'heap', 'cost'] as const

export const dimensions: readonly Dimension[] = [
  {
    id: 'G1',
    title: 'jobs that wait',
    sizes: backlogs,
    quantities: all,
    amountsOf: (backlog) => ({ backlog }),
  },
  {
    id: 'G2',
    title: 'jobs that wait, in memory',
    sizes: [...backlogs, 1_000_000],
    quantities: inMemory,
    amountsOf: (backlog) => ({ backlog, isInMemory: true }),
  },
  {
    id: 'G3',
    title: 'kinds, 10 000 jobs waiting',
    sizes: [1, 10, 100, 1_000],
    quantities: all,
    amountsOf: (kinds) => ({ kinds, backlog: 10_000 }),
  },
  {
    id: 'G4',
    title: 'keys, 100 000 jobs waiting',
    sizes: [100, 1_000, 10_000, 100_000],
    quantities: all,
    amountsOf: (keys) => ({ keys, backlog: 100_000 }),
  },
  {
    id: 'G5',
    title: 'jobs that wait for one hot key, in memory',
    sizes: backlogs,
    quantities: inMemory,
    amountsOf: (backlog) => ({ keys: 1, backlog, isInMemory: true }),
  },
  {
    id: 'G6',
    title: 'jobs that wait with scattered priorities',
    sizes: [1_000, 10_000, 100_000],
    quantities: all,
    amountsOf: (backlog) => ({ backlog, isScattered: true }),
  },
  {
    id: 'G7',
    title: 'dead letters kept, 1 000 jobs waiting',
    sizes: kept,
    quantities: all,
    amountsOf: (dead) => ({ dead }),
  },
  {
    id: 'G8',
    title: 'unacknowledged jobs kept, 1 000 jobs waiting',
    sizes: kept,
    quantities: all,
    amountsOf: (unacknowledged) => ({ unacknowledged, isSynced: true }),
  },
  {
    id: 'G9',
    title: 'contexts that have it open, 10 000 jobs waiting',
    sizes: [1, 2, 4, 8],
    quantities: all,
    amountsOf: (replicas) => ({ replicas, backlog: 10_000 }),
  },
]

/** What the queue of that size holds at that scale. Contexts are no jobs: they stay as many. */
export function amountsOf({ amountsOf: given }: Dimension, size: number, scale: number): Amounts {
  const amounts = { ...few, ...given(size) }
  const scaled = (count: number, least: number): number => Math.max(least, Math.round(count * scale))
  return {
    ...amounts,
    backlog: scaled(amounts.backlog, 5),
    kinds: scaled(amounts.kinds, 1),
    // Enough for every slot of the worker, unless one hot key is what is looked at.
    keys: scaled(amounts.keys, Math.min(100, amounts.keys)),
    dead: scaled(amounts.dead, Math.min(1, amounts.dead)),
    unacknowledged: scaled(amounts.unacknowledged, Math.min(1, amounts.unacknowledged)),
  }
}

/** How many things that is. */
export function heldIn({ backlog, kinds, keys, dead, unacknowledged }: Amounts): number {
  return backlog + kinds + keys + dead + unacknowledged
}

/** A size as the curves name it. */
export function named(size: number): string {
  return size.toLocaleString('en').replaceAll(',', ' ')
}
