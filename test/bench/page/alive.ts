import fastq from 'fastq'
import { memoryStore } from 'holdfast'
import PQueue from 'p-queue'
import type { Queue as Workbox } from 'workbox-background-sync'
import { type DexieJobs, dexieAddEach, withDexie } from './dexie.ts'
import { type Payload, payloads } from './jobs.ts'
import { fill, type Ours, withOurs } from './ours.ts'
import { addEach, type Raw, rowOf, withRaw } from './raw.ts'
import { openWorkbox, pushAll, requestsOf } from './workbox.ts'

const forever = new Promise<never>(() => undefined)
const given = payloads(20)
/** What is held here is not collected. */
const kept: unknown[] = [given.map(rowOf)]

/**
 * Has one of each that the contestants make, for as long as the page is there, as the page of an application does. With the
 * last object of its kind an engine forgets a hidden class, and all code that it compiled for it: a collection between two
 * runs would leave those cold whom the runs before had warmed. TanStack is not among them: of all outboxes of an origin one is
 * the leader, and the next would store nothing.
 *
 * @returns once each did something
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
  await keep<Fastq>(
    (hold) => hold(fastq.promise(async () => undefined, 1)),
    (queue) => Promise.all(given.map(queue.push)),
  )
}

type Fastq = ReturnType<typeof fastq.promise<unknown, Payload, undefined>>

type Hold<T> = (opened: T) => Promise<never>

/** Uses what `open` passes, and never lets `open` have it back. */
function keep<T>(
  open: (hold: Hold<T>) => Promise<unknown>,
  use: (opened: T) => Promise<unknown>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    open(async (opened) => {
      kept.push(opened)
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
