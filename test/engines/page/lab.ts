import * as holdfast from 'holdfast'
import { type Progress, runSuite } from './runner.ts'
import { suites } from './suites.ts'
import { createWorkers, type Workers } from './workers.ts'

/** The kinds of job that pages and workers of the lab run. */
export interface Kinds extends holdfast.KindMap {
  /** Gives its payload back. */
  readonly echo: { readonly payload: holdfast.Json; readonly result: holdfast.Json }
  /** Runs until `lab.release()` in its context, or until its signal aborts; gives its attempt. */
  readonly hold: { readonly payload: string; readonly result: number }
  /** Looks at a file. */
  readonly inspect: { readonly payload: { readonly file: File }; readonly result: holdfast.Json }
  /** At most two at once in all contexts; gives whether it saw a third. */
  readonly scarce: { readonly payload: number; readonly result: boolean }
}

/** What the process outside finds in each page, and cases in each worker, as `lab`. */
export interface Lab {
  readonly holdfast: typeof holdfast
  /** Begins to run a suite. */
  run(name: string): void
  /** Of the suite that was begun last. */
  progress(): Progress
  /** Opens the queue of a case; does not start it. */
  open(name: string): holdfast.Queue<Kinds>
  /** The queue that was opened last. */
  readonly queue: holdfast.Queue<Kinds>
  /** Everything it told since, oldest first. */
  readonly told: readonly { readonly name: holdfast.QueueEventName; readonly event: unknown }[]
  /** Lets the jobs go that this context holds. */
  release(): void
  /** SHA-256, in hexadecimal digits. */
  digest(blob: Blob): Promise<string>
  readonly workers: Workers
  /** Free for a case to keep things in, from one step to the next. */
  readonly kept: Map<string, unknown>
}

declare global {
  var lab: Lab
}

export function createLab(): Lab {
  let running: ReturnType<typeof runSuite> | undefined
  let queue: holdfast.Queue<Kinds> | undefined
  let released = Promise.withResolvers<void>()
  const told: { readonly name: holdfast.QueueEventName; readonly event: unknown }[] = []

  return {
    holdfast,
    run(name) {
      const suite = Object.entries(suites).find(([each]) => each === name)
      if (suite === undefined) throw new RangeError(`There is no suite ${name}`)
      running = runSuite(suite[1])
    },
    progress() {
      if (running === undefined) throw new Error('No suite was begun')
      return running.progress()
    },
    open(name) {
      const opened = openQueue(name, () => released.promise)
      for (const event of ['reclaimed', 'released', 'store', 'completed'] as const) {
        opened.on(event, (data) => void told.push({ name: event, event: data }))
      }
      queue = opened
      return opened
    },
    get queue() {
      if (queue === undefined) throw new Error('No queue was opened')
      return queue
    },
    told,
    release() {
      released.resolve()
      released = Promise.withResolvers()
    },
    digest,
    workers: createWorkers(),
    kept: new Map(),
  }
}

function openQueue(name: string, released: () => Promise<void>): holdfast.Queue<Kinds> {
  return holdfast.createQueue({
    name,
    tasks: holdfast.defineTasks({
      echo: holdfast.task<holdfast.Json, holdfast.Json>(),
      hold: holdfast.task<string, number>(),
      inspect: holdfast.task<{ readonly file: File }, holdfast.Json>(),
      scarce: holdfast.task<number, boolean>({ maxRunning: 2 }),
    }),
    handlers: {
      echo: async (payload) => payload,
      hold: async (_payload, { attempt, signal }) => {
        const aborted = new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        })
        await Promise.race([released(), aborted])
        return attempt
      },
      inspect: async ({ file }) => {
        const { name: fileName, type, size, lastModified } = file
        return { name: fileName, type, size, lastModified, digest: await digest(file) }
      },
      scarce: () => seesThird(`${name} scarce`),
    },
  })
}

/** Takes one of two seats, which all contexts see, for a moment; whether both were taken. */
function seesThird(name: string): Promise<boolean> {
  const inSeat = (lock: Lock | null): Promise<boolean> | null =>
    lock && new Promise((resolve) => setTimeout(() => resolve(false), 5))
  const seat = async (number: number): Promise<boolean> => {
    if (number === 2) return true
    const seen = await navigator.locks.request(`${name} ${number}`, { ifAvailable: true }, inSeat)
    return seen ?? seat(number + 1)
  }
  return seat(0)
}

async function digest(blob: Blob): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
