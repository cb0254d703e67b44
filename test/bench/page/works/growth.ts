import { memoryStore } from 'holdfast'
import { expectCount, payloads } from '../jobs.ts'
import { fill, withOurs } from '../ours.ts'
import { ours as coldStart } from './cold.ts'
import { flow, type FlowOptions } from './flow.ts'
import { type PageWork, scaled } from './work.ts'

const backlogs = [10, 100, 1_000, 10_000, 100_000]
const some = [0, 1_000, 10_000, 100_000]

/** A curve: the cost of a job against what grows. None may rise as a straight line does. */
function curve(
  id: string,
  title: string,
  sizes: readonly number[],
  optionsOf: (size: number) => Omit<FlowOptions, 'scale'>,
): PageWork {
  return {
    id,
    title: `µs a job by ${title}`,
    unit: 'µs',
    targets: [],
    contestants: sizes.map((size) => ({
      name: named(size),
      rounds: 1,
      run: (scale) => flow({ scale, ...optionsOf(Math.round(size * scale)) }),
    })),
  }
}

function named(size: number): string {
  return size.toLocaleString('en').replaceAll(',', ' ')
}

/** What grows, and what it costs: `npm run bench -- --growth`. */
export const growth: readonly PageWork[] = [
  curve('G1', 'jobs that wait', backlogs, (backlog) => ({ backlog })),
  curve('G2', 'jobs that wait, in memory', [...backlogs, 1_000_000], (backlog) => ({
    backlog,
    store: memoryStore(),
  })),
  curve('G3', 'kinds, 10 000 jobs waiting', [1, 10, 100, 1_000], (kinds) => ({
    kinds: Math.max(1, kinds),
    backlog: 10_000,
  })),
  curve('G4', 'keys, as many jobs waiting', [100, 1_000, 10_000, 100_000], (keys) => ({
    backlog: keys,
    optionsOf: (number) => ({ key: `key ${number % Math.max(1, keys)}` }),
  })),
  curve('G5', 'jobs that wait for one hot key', [10, 100, 1_000, 10_000], (backlog) => ({
    backlog,
    store: memoryStore(),
    optionsOf: () => ({ key: 'hot' }),
  })),
  curve('G6', 'jobs that wait with scattered priorities', [1_000, 10_000, 100_000], (backlog) => ({
    backlog,
    optionsOf: (number) => ({ priority: (number * 7_919) % 101 }),
  })),
  curve('G7', 'dead letters kept', some, (dead) => ({ dead, backlog: 1_000 })),
  curve('G8', 'unacknowledged jobs kept', some, (unacknowledged) => ({ unacknowledged, backlog: 1_000 })),
  curve('G9', 'contexts that have it open', [1, 2, 4, 8], (replicas) => ({
    replicas: Math.max(1, replicas),
    backlog: 1_000,
  })),
  {
    id: 'G10',
    title: 'cold start by jobs that wait',
    unit: 'ms',
    targets: [],
    contestants: backlogs.map((size) => ({
      name: named(size),
      rounds: 1,
      run: (scale) => coldStart(scaled(size, scale)),
    })),
  },
  {
    id: 'G11',
    title: 'disk used, by jobs that went through',
    unit: 'kB',
    targets: [],
    contestants: [10_000, 100_000, 1_000_000].map((size) => ({
      name: named(size),
      rounds: 1,
      run: (scale) => disk(scaled(size, scale)),
    })),
  },
]

/** What the origin's databases weigh once so many jobs went through one queue, beyond what they weighed before. */
function disk(count: number): Promise<number> {
  const step = 10_000
  return withOurs({ durability: 'relaxed' }, async (queue) => {
    await queue.info()
    const before = await usage()
    for (let done = 0; done < count; done += step) {
      await fill(queue, payloads(Math.min(step, count - done)))
      const { completed } = await queue.drain()
      expectCount('completed', completed, Math.min(step, count - done))
    }
    return ((await usage()) - before) / 1_000
  })
}

async function usage(): Promise<number> {
  return (await navigator.storage.estimate()).usage ?? 0
}
