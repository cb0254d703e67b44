import { memoryStore } from 'holdfast'
import PQueue from 'p-queue'
import type { Queue as Workbox } from 'workbox-background-sync'
import { type DexieJobs, dexieAddEach, withDexie } from './dexie.ts'
import { payloads } from './jobs.ts'
import { fill, type Ours, withOurs } from './ours.ts'
import { addEach, type Raw, withRaw } from './raw.ts'
import { openWorkbox, pushAll, requestsOf } from './workbox.ts'

const forever = new Promise<never>(() => undefined)
const given = payloads(20)

/**
 * Has one of each that the contestants make, with some jobs, for as long as the page is there, as the page of an
 * application does. With the last object of its kind an engine forgets a hidden class, and all code that it compiled for it:
 * a collection between two runs would leave those cold whom the runs before had warmed. TanStack is not among them: there
 * is one leader of all outboxes of an origin, and the next would wait for it.
 *
 * @returns once each has its jobs
 */
export async function keepAlive(): Promise<void> {
  await keep<Ours>((hold) => withOurs({}, hold), useOurs)
  await keep<Ours>((hold) => withOurs({ store: memoryStore() }, hold), useOurs)
  await keep<Raw>(
    (hold) => withRaw({ durability: 'relaxed', indexed: true }, hold),
    (raw) => addEach(raw, given),
  )
  await keep<DexieJobs>(
    (hold) => withDexie(true, hold),
    (jobs) => dexieAddEach(jobs, given),
  )
  await keep<Workbox>(
    (hold) => openWorkbox().then(hold),
    (queue) => pushAll(queue, requestsOf(given)),
  )
  await keep<PQueue>((hold) => hold(new PQueue({ concurrency: 1 })), usePQueue)
}

type Hold<T> = (opened: T) => Promise<never>

/** Uses what `open` passes, and never lets `open` have it back. */
function keep<T>(
  open: (hold: Hold<T>) => Promise<unknown>,
  use: (opened: T) => Promise<unknown>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    open(async (opened) => {
      await use(opened)
      resolve()
      return forever
    }).catch(reject)
  })
}

/** Some ran, others wait. */
async function useOurs(queue: Ours): Promise<void> {
  await fill(queue, given)
  await queue.drain()
  await fill(queue, given)
}

/** One runs, others wait. */
function usePQueue(queue: PQueue): Promise<void> {
  return new Promise((resolve, reject) => {
    const all = given.map(() =>
      queue.add(() => {
        resolve()
        return forever
      }),
    )
    Promise.all(all).catch(reject)
  })
}
