import {
  createQueue,
  type EnqueueOptions,
  FatalError,
  indexedDbStore,
  type JobContext,
  memoryStore,
  type Queue,
  type StoreFactory,
  type SyncOptions,
} from 'holdfast'
import type { Amounts } from '../../dimensions.ts'
import { expectCount, freshName, type Payload, payloadOf } from '../jobs.ts'

/** A queue that holds what it is to be looked at with; nobody has it open. */
export interface Fixture {
  readonly name: string
  readonly store: StoreFactory
  readonly amounts: Amounts
  /** The jobs that ran, by number. */
  readonly ran: Set<number>
  /** The number of the next job to be taken in. */
  next: number
}

export type GrownQueue = Queue<{
  readonly [kind: string]: { readonly payload: Payload; readonly result: unknown }
}>

/** The handler of the jobs that wait. */
export type Run = (number: number, signal: AbortSignal) => void | Promise<void>

/** Brings in what is to be there, and sees that it is. */
export async function makeFixture(amounts: Amounts): Promise<Fixture> {
  const store = amounts.isInMemory ? memoryStore() : indexedDbStore()
  const fixture: Fixture = { name: freshName(), store, amounts, ran: new Set(), next: 0 }
  const { dead, unacknowledged, backlog } = amounts
  // What finishes now is to be acknowledged; what goes through later is not, so that what is kept stays as it is.
  const queue = openFixture(fixture, () => undefined, ['completed'])
  try {
    await bring(queue, dead, (index) => ({ kind: 'fail', payload: payloadOf(index) }))
    await bring(queue, unacknowledged, (index) => ({ kind: 'quiet', payload: payloadOf(index) }))
    if (dead + unacknowledged > 0) await queue.drain({ deadlineMs: 600_000 })
    await takeIn(queue, fixture, backlog)
    await expectHeld(queue, fixture, backlog)
  } finally {
    await queue.close()
  }
  return fixture
}

/** @throws Error unless so many wait, none runs, and what is kept is all there. */
export async function expectHeld(queue: GrownQueue, { amounts }: Fixture, pending: number): Promise<void> {
  const { counts, sync } = await queue.info()
  expectCount('pending jobs', counts.pending, pending)
  expectCount('running jobs', counts.running, 0)
  expectCount('dead letters', counts.dead, amounts.dead)
  expectCount('unacknowledged jobs', sync?.unsent ?? 0, amounts.unacknowledged)
}

/** Opens it in one more context. */
export function openFixture(
  { name, store, amounts }: Fixture,
  run: Run,
  include: SyncOptions['include'] & {} = ['dead'],
): GrownQueue {
  const work = async ({ number }: Payload, { signal }: JobContext): Promise<undefined> => {
    await run(number, signal)
  }
  const handlers: Record<string, typeof work> = {
    ...Object.fromEntries(Array.from({ length: amounts.kinds }, (_, kind) => [`work ${kind}`, work])),
    fail: async () => {
      throw new FatalError('as it is told')
    },
    quiet: async () => undefined,
  }
  const sync: SyncOptions = {
    url: 'https://example.com/acks',
    include,
    fetch: async () => {
      throw new TypeError('offline')
    },
  }
  const settings = { name, store, handlers, durability: 'relaxed', worker: { concurrency: 100 } } as const
  return createQueue({ ...settings, ...(amounts.isSynced && { sync }) })
}

/** So many more jobs that wait. */
export function takeIn(queue: GrownQueue, fixture: Fixture, count: number): Promise<void> {
  const { kinds, keys, isScattered } = fixture.amounts
  const from = fixture.next
  fixture.next += count
  return bring(queue, count, (index) => {
    const number = from + index
    return {
      kind: `work ${number % kinds}`,
      payload: payloadOf(number),
      ...(keys > 0 && { key: `key ${number % keys}` }),
      ...(isScattered && { priority: (number * 7_919) % 101 }),
    }
  })
}

type Item = { readonly kind: string; readonly payload: Payload } & EnqueueOptions

async function bring(queue: GrownQueue, count: number, itemOf: (index: number) => Item): Promise<void> {
  for (let at = 0; at < count; at += 10_000) {
    const items = Array.from({ length: Math.min(10_000, count - at) }, (_, index) => itemOf(at + index))
    await queue.enqueueAll(items)
  }
}

export async function destroyFixture(fixture: Fixture): Promise<void> {
  await openFixture(fixture, () => undefined).destroy({ force: true })
}
