import * as holdfast from 'holdfast'
import { httpHandler, httpTask, requestPayload, type RequestPayload } from 'holdfast/http'
import { uploadFetch } from 'holdfast/http/upload'
import { type ManualClock, manualClock } from 'holdfast/testing'
import { createHosts, type Hosts } from './hosts.ts'
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
  /** Sends a kept request. */
  readonly request: { readonly payload: RequestPayload; readonly result: undefined }
}

/** What the process outside finds in each page, and cases in each worker, as `lab`. */
export interface Lab {
  readonly holdfast: typeof holdfast
  /** Begins to run a suite. */
  run(name: string): void
  /** Of the suite that was begun last. */
  progress(): Progress
  /** Opens the queue of a case; does not start it. `options` are further ones. */
  open(name: string, options?: Partial<holdfast.CommonOptions>): holdfast.Queue<Kinds>
  /** Opens it on `clock`, on which no time passes by itself; `heard` says whether it is listened to, as others are. */
  openTimed(name: string, heard?: boolean): holdfast.Queue<Kinds>
  readonly clock: ManualClock
  /** The queue that was opened last. */
  readonly queue: holdfast.Queue<Kinds>
  /** Everything it told since, oldest first. */
  readonly told: readonly { readonly name: holdfast.QueueEventName; readonly event: unknown }[]
  /** Every transaction begun in this context so far, as `<mode> <object stores>`. */
  readonly transactions: readonly string[]
  /** Asks the queue's database for something behind the library's back. */
  damage<T>(store: 'log' | 'pages' | 'payloads', ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T>
  /** Lets the jobs go that this context holds. */
  release(): void
  readonly requestPayload: typeof requestPayload
  /** So many bytes of some kind, the same each time. */
  noise(size: number): Blob
  /** SHA-256, in hexadecimal digits. */
  digest(blob: Blob): Promise<string>
  readonly workers: Workers
  readonly hosts: Hosts
  /** Free for a case to keep things in, from one step to the next. */
  readonly kept: Map<string, unknown>
}

declare global {
  var lab: Lab
}

const heardOf = ['enqueued', 'started', 'reclaimed', 'released', 'store', 'completed', 'dead'] as const

export function createLab(): Lab {
  let running: ReturnType<typeof runSuite> | undefined
  let queue: holdfast.Queue<Kinds> | undefined
  let released = Promise.withResolvers<void>()
  const told: { readonly name: holdfast.QueueEventName; readonly event: unknown }[] = []
  const clock = manualClock()
  const openUnheard: Lab['open'] = (name, options = {}) => {
    queue = openQueue(name, options, () => released.promise)
    return queue
  }
  const open: Lab['open'] = (name, options) => {
    const opened = openUnheard(name, options)
    for (const event of heardOf) opened.on(event, (data) => void told.push({ name: event, event: data }))
    return opened
  }

  return {
    holdfast,
    open,
    openTimed: (name, heard = true) => (heard ? open : openUnheard)(name, { clock }),
    clock,
    transactions: countTransactions(),
    run(name) {
      const suite = Object.entries(suites).find(([each]) => each === name)
      if (suite === undefined) throw new RangeError(`There is no suite ${name}`)
      running = runSuite(suite[1])
    },
    progress() {
      if (running === undefined) throw new Error('No suite was begun')
      return running.progress()
    },
    get queue() {
      if (queue === undefined) throw new Error('No queue was opened')
      return queue
    },
    told,
    damage: (store, ask) => within(`holdfast:${queue?.name}`, store, ask),
    release() {
      released.resolve()
      released = Promise.withResolvers()
    },
    requestPayload,
    noise: (size) => new Blob([Uint8Array.from({ length: size }, (_, place) => place * 7)]),
    digest,
    workers: createWorkers(),
    hosts: createHosts(() => lab.queue),
    kept: new Map(),
  }
}

function openQueue(
  name: string,
  options: Partial<holdfast.CommonOptions>,
  released: () => Promise<void>,
): holdfast.Queue<Kinds> {
  return holdfast.createQueue({
    ...{ ...options, name },
    tasks: holdfast.defineTasks({
      echo: holdfast.task<holdfast.Json, holdfast.Json>(),
      hold: holdfast.task<string, number>(),
      inspect: holdfast.task<{ readonly file: File }, holdfast.Json>(),
      scarce: holdfast.task<number, boolean>({ maxRunning: 2 }),
      request: httpTask(),
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
      request: httpHandler({ fetch: uploadFetch }),
    },
  })
}

async function within<T>(
  databaseName: string,
  store: string,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(databaseName)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = db.transaction(store, 'readwrite')
      const request = ask(transaction.objectStore(store))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onabort = () => reject(transaction.error)
    })
  } finally {
    db.close()
  }
}

function countTransactions(): readonly string[] {
  const begun: string[] = []
  const { transaction } = IDBDatabase.prototype
  IDBDatabase.prototype.transaction = function (stores, mode = 'readonly', options) {
    begun.push(`${mode} ${[stores].flat().join(',')}`)
    return transaction.call(this, stores, mode, options)
  }
  return begun
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
