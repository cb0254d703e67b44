import type { Tasks } from '../types.ts'
import { checkFilter, checkNumber, checkOneOf, checkText } from './check.ts'
import { drain } from './drain.ts'
import { kindsOf } from './kinds.ts'
import type {
  CommonOptions,
  EnqueueItem,
  EnqueueOptions,
  Handlers,
  HandlersOf,
  KindMap,
  KindsOfHandlers,
  KindsOfTasks,
} from './options.ts'
import { nowOf, type Parts } from './parts.ts'
import * as reads from './reads.ts'
import type { Queue } from './types.ts'
import * as verbs from './verbs.ts'
import { createView } from './view.ts'
import { wireUp } from './wire-up.ts'

/** How long `stop()` lets handlers go on, unless told (milliseconds). */
const graceMs = 5_000

/**
 * Opens a queue in this context. Synchronous: nothing is touched before the first call, and every call waits for the
 * store by itself.
 *
 * @throws TypeError or RangeError for options that make no sense, or that contradict a queue of the same store and
 * name that is open in this context.
 * @example
 * ```ts
 * import { createQueue, memoryStore } from 'holdfast'
 *
 * const queue = createQueue({
 *   name: 'mail',
 *   store: memoryStore(),
 *   handlers: { greet: async (name: string) => `Hello, ${name}` },
 * })
 * const { id } = await queue.enqueue('greet', 'Ada')
 * await queue.start()
 * console.log(await queue.result(id))
 * await queue.close()
 * ```
 */
export function createQueue<const T extends Tasks>(
  options: CommonOptions & { readonly tasks: T; readonly handlers?: HandlersOf<T> },
): Queue<KindsOfTasks<T>>
export function createQueue<const H extends Handlers>(
  options: CommonOptions & { readonly tasks?: undefined; readonly handlers: H },
): Queue<KindsOfHandlers<H>>
export function createQueue(options: LooseOptions): unknown {
  return openQueue(options)
}

/** Options whose kinds are only known when they are looked at. */
export interface LooseOptions extends CommonOptions {
  readonly tasks?: Tasks | undefined
  readonly handlers?: Readonly<Record<string, unknown>> | undefined
}

/** {@link createQueue}, for rooms that have done its typing themselves. */
export function openQueue(options: LooseOptions): Queue {
  check(options)
  return queueOf(wireUp(options, kindsOf(options.tasks, options.handlers ?? {})))
}

function check(options: CommonOptions): void {
  checkText('name', options.name)
  if (options.owner !== undefined && typeof options.owner !== 'string') {
    throw new TypeError(`Cannot use owner: it is a ${typeof options.owner}, expected text`)
  }
  const { worker = {}, limits = {}, retention = {}, sync } = options
  checkOneOf('fallback', options.fallback, ['memory'])
  checkOneOf('durability', options.durability, ['auto', 'strict', 'relaxed'])
  checkOneOf('limits.overflow', limits.overflow, ['reject', 'drop-oldest'])
  checkNumber('worker.concurrency', worker.concurrency, 1, true)
  checkNumber('worker.leaseMs', worker.leaseMs, 1)
  checkNumber('worker.boostMs', worker.boostMs, 0)
  checkNumber('worker.maxCrashes', worker.maxCrashes, 0, true)
  checkNumber('limits.maxPending', limits.maxPending, 1, true)
  checkNumber('limits.maxRunning', limits.maxRunning, 1, true)
  checkNumber('limits.maxPayloadBytes', limits.maxPayloadBytes, 0, true)
  checkNumber('retention.finishedMs', retention.finishedMs, 0, true)
  checkNumber('retention.finishedCount', retention.finishedCount, 0, true)
  checkNumber('retention.dead.maxBytes', retention.dead?.maxBytes, 0, true)
  checkNumber('retention.dead.maxAgeMs', retention.dead?.maxAgeMs, 0, true)
  if (sync !== undefined) checkText('sync.url', sync.url)
}

function queueOf(parts: Parts): Queue {
  const { replica, worker, sender, emitter, results, owner, clock } = parts
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= shut(parts)
    return closing
  }
  return {
    name: parts.name,
    owner,
    enqueue: (kind: string, payload?: unknown, options: EnqueueOptions = {}) =>
      verbs.enqueue(parts, kind, payload, options),
    enqueueAll: (items: readonly EnqueueItem<KindMap>[]) => verbs.enqueueAll(parts, items),
    start() {
      // A context that left sends again, too.
      sender?.wake()
      return worker.start()
    },
    async stop(options = {}) {
      checkNumber('graceMs', options.graceMs, 0, true)
      await worker.stop(options.graceMs ?? graceMs)
    },
    async drain(options = {}) {
      checkNumber('deadlineMs', options.deadlineMs, 0, true)
      return drain(parts, options)
    },
    pause: () => verbs.pause(parts),
    resume: (kind) => verbs.resume(parts, kind),
    wake() {
      worker.wake(true)
      sender?.wake()
    },
    async leave() {
      await Promise.all([worker.leave(), sender?.leave()])
    },
    get: (id) => reads.getJob(parts, id),
    payload: (id) => reads.readPayload(parts, id),
    list: (filter = {}) => reads.listJobs(parts, filter),
    deadLetters: (filter = {}) => reads.listJobs(parts, { ...filter, state: 'dead' }),
    view: (filter = {}) => {
      checkFilter(filter)
      return createView(
        replica,
        owner,
        filter,
        () => nowOf(clock),
        parts.pulse,
        (error) => emitter.emit('warning', { message: 'Cannot read the queue', cause: error, id: undefined }),
      )
    },
    info: () => reads.info(parts),
    why: (id) => reads.why(parts, id),
    result: (id, options = {}) => results.wait(id, owner, options.signal),
    cancel: (id) => verbs.cancel(parts, id),
    redrive: (which) => verbs.redrive(parts, which),
    edit: (id, payload) => verbs.edit(parts, id, payload),
    remove: (id) => verbs.remove(parts, id),
    async flush(options = {}) {
      await replica.open()
      await sender?.flush(options)
    },
    rejectedAcks: () => reads.rejectedAcks(parts),
    on: (name, listener) => emitter.on(name, listener),
    close,
    async destroy(options = {}) {
      await erase(parts, options.force ?? false)
      await close()
    },
    [asyncDispose]: close,
  } as Queue
}

/** Refused, it leaves everything as it was, what runs included. */
async function erase(parts: Parts, force: boolean): Promise<void> {
  const { worker, sender } = parts
  if (!force) await verbs.mayDestroy(parts)
  const wasOn = worker.isOn
  await worker.stop(0)
  await sender?.stop()
  try {
    await verbs.destroy(parts, force)
  } catch (error) {
    // Something came in at the last moment.
    sender?.start()
    if (wasOn) await Promise.allSettled([worker.start()])
    throw error
  }
}

/** The platform's symbol, where it has one. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')

async function shut({ worker, sender, replica, detach }: Parts): Promise<void> {
  try {
    await worker.stop(0)
    await sender?.stop()
  } finally {
    detach()
    await replica.close()
  }
}
