import {
  createQueue,
  type EnqueueOptions,
  FatalError,
  indexedDbStore,
  type KindMap,
  type Queue,
  type StoreFactory,
  type SyncOptions,
} from 'holdfast'
import { createCensus, freshName, type Payload, payloadOf } from '../jobs.ts'
import { type PageWork, scaled } from './work.ts'

/** How many go in and out at a time, and how often: enough for several checkpoints at any backlog. */
const step = 500
const steps = 30

/** Jobs that go through a queue in which something grew. */
export interface FlowOptions {
  readonly scale: number
  /** @default indexedDbStore() */
  readonly store?: StoreFactory
  /** How many jobs wait all the while. @default 0 */
  readonly backlog?: number
  /** @default 1 */
  readonly kinds?: number
  /** By the job's number. @default none */
  readonly optionsOf?: (number: number) => EnqueueOptions
  /** How many dead letters there are. @default 0 */
  readonly dead?: number
  /** How many acknowledgements the server has not answered. @default 0 */
  readonly unacknowledged?: number
  /** How many contexts have the queue open; one of them runs it. @default 1 */
  readonly replicas?: number
}

/** What one job costs, in and out: microseconds. */
export async function flow(options: FlowOptions): Promise<number> {
  const { backlog = 0, dead = 0, unacknowledged = 0, replicas = 1, scale } = options
  const rounds = scaled(steps, scale)
  const census = createCensus(backlog + step * rounds)
  const name = freshName()
  const queues = Array.from({ length: replicas }, () => open(name, options, census.run))
  const [queue] = queues
  if (queue === undefined) throw new RangeError('nobody has the queue open')
  try {
    await Promise.all(queues.map((each) => each.info()))
    await bring(queue, dead, () => ({ kind: 'fail' }))
    await bring(queue, unacknowledged, () => ({ kind: 'quiet' }))
    if (dead + unacknowledged > 0) await queue.drain({ deadlineMs: 600_000 })
    await takeIn(queue, options, 0, backlog)
    await queue.start()
    const startedAt = performance.now()
    for (let done = 0; done < rounds; done += 1) {
      await takeIn(queue, options, backlog + done * step, step)
      await census.reached((done + 1) * step)
    }
    const taken = performance.now() - startedAt
    await census.reached(backlog + step * rounds)
    census.check(backlog + step * rounds)
    return (taken * 1_000) / (step * rounds)
  } finally {
    for (const each of queues.slice(1)) await each.close()
    await queue.destroy({ force: true })
  }
}

function open(
  name: string,
  { store = indexedDbStore(), kinds = 1, unacknowledged = 0 }: FlowOptions,
  run: (payload: Payload) => void,
): Queue<KindMap> {
  const names = Array.from({ length: kinds }, (_, kind) => `work ${kind}`)
  const handlers = {
    ...Object.fromEntries(names.map((kind) => [kind, async (payload: Payload) => run(payload)])),
    fail: async () => {
      throw new FatalError('as it is told')
    },
    quiet: async () => undefined,
  }
  const sync: SyncOptions = {
    url: 'https://example.com/acks',
    include: ['completed'],
    fetch: async () => {
      throw new TypeError('offline')
    },
  }
  const settings = { name, store, handlers, durability: 'relaxed', worker: { concurrency: 100 } } as const
  return createQueue({ ...settings, ...(unacknowledged > 0 && { sync }) }) as unknown as Queue<KindMap>
}

/** The jobs from that number on. */
function takeIn(
  queue: Queue<KindMap>,
  { kinds = 1, optionsOf }: FlowOptions,
  from: number,
  count: number,
): Promise<void> {
  return bring(queue, count, (index) => {
    const number = from + index
    return { kind: `work ${number % kinds}`, payload: payloadOf(number), ...optionsOf?.(number) }
  })
}

async function bring(
  queue: Queue<KindMap>,
  count: number,
  itemOf: (index: number) => { readonly kind: string; readonly payload?: Payload } & EnqueueOptions,
): Promise<void> {
  for (let at = 0; at < count; at += 10_000) {
    const items = Array.from({ length: Math.min(10_000, count - at) }, (_, index) => itemOf(at + index))
    await queue.enqueueAll(items.map((item) => ({ payload: undefined, ...item })))
  }
}

/** What one job costs while a backlog of constant length waits. */
export const grown: PageWork = {
  id: 'P6',
  title: 'cost of a job at a backlog of 100 000',
  unit: 'µs',
  targets: [{ ours: '100 000 waiting', peer: '1 000 waiting', is: '<=', target: 1.5 }],
  contestants: [
    { name: '1 000 waiting', run: (scale) => flow({ scale, backlog: scaled(1_000, scale) }), rounds: 3 },
    { name: '100 000 waiting', run: (scale) => flow({ scale, backlog: scaled(100_000, scale) }), rounds: 3 },
  ],
}
