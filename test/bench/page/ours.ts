import { createQueue, type CommonOptions, indexedDbStore, type Queue } from 'holdfast'
import { expectCount, freshName, type Payload } from './jobs.ts'
import { endsFolded, settledOnDisk } from './tail.ts'

export type Kinds = { readonly work: { readonly payload: Payload; readonly result: undefined } }
export type Ours = Queue<Kinds>

export interface OpenOptions extends Omit<CommonOptions, 'name' | 'worker'> {
  readonly name?: string
  readonly concurrency?: number
  readonly run?: (payload: Payload) => void
}

/** A queue with a trivial handler; in IndexedDB unless told. */
export function openOurs({ name = freshName(), concurrency = 100, run, ...options }: OpenOptions): Ours {
  return createQueue({
    store: indexedDbStore(),
    ...options,
    name,
    worker: { concurrency },
    handlers: {
      work: async (payload: Payload) => {
        run?.(payload)
        return undefined
      },
    },
  })
}

/** As many as one call would bring. */
const atOnce = 10_000

/** Takes all in, in entries of so many. */
export async function fill(queue: Ours, given: readonly Payload[], chunk: number = atOnce): Promise<void> {
  for (let at = 0; at < given.length; at += chunk) {
    await queue.enqueueAll(given.slice(at, at + chunk).map((payload) => ({ kind: 'work', payload })))
  }
}

/**
 * Takes all in, and has it in the checkpoint: but for the few whose log has none yet. Waits for each that becomes due,
 * since one that does while another is written is left to the next commit.
 */
export async function fillFolded(queue: Ours, given: readonly Payload[]): Promise<void> {
  for (let at = 0; at < given.length; at += atOnce) {
    const some = given.slice(at, at + atOnce)
    await fill(queue, some)
    if (endsFolded(at + some.length, atOnce)) await settledOnDisk(queue.name)
  }
}

/** @throws Error unless so many wait, none runs and none is dead. */
export async function expectWaiting(queue: Ours, pending: number): Promise<void> {
  const { counts } = await queue.info()
  expectCount('pending jobs', counts.pending, pending)
  expectCount('running jobs', counts.running, 0)
  expectCount('dead jobs', counts.dead, 0)
}

/** How many jobs of a queue are looked at one by one. */
const samples = 20

/**
 * Closes the queue, and looks at what its store holds as the next visit does: what a queue says of itself it may have
 * in memory alone.
 *
 * @throws Error unless these jobs wait, in their order and with their payloads, and nothing else.
 */
export async function expectStored(
  queue: Ours,
  given: readonly Payload[],
  store?: CommonOptions['store'],
): Promise<void> {
  await queue.close()
  const next = openOurs({ name: queue.name, ...(store && { store }) })
  try {
    await expectWaiting(next, given.length)
    const { jobs } = await next.list({ state: 'pending', limit: Number.POSITIVE_INFINITY })
    for (let at = 0; at < given.length; at += Math.ceil(given.length / samples)) {
      const stored = JSON.stringify(await next.payload(jobs[at]?.id ?? ''))
      if (stored !== JSON.stringify(given[at])) throw new Error(`job ${at} is stored as ${stored}`)
    }
  } finally {
    await next.close()
  }
}

/** Runs `work` on a queue of its own, which is erased afterwards. */
export async function withOurs<T>(options: OpenOptions, work: (queue: Ours) => Promise<T>): Promise<T> {
  const queue = openOurs(options)
  try {
    return await work(queue)
  } finally {
    await queue.close()
    // By another one: `work` may have closed this one.
    await openOurs({ ...options, name: queue.name }).destroy({ force: true })
  }
}
