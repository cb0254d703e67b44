import type { Tasks } from '../types.ts'
import { checkNumber, checkOneOf, checkText } from './check.ts'
import { kindsOf } from './kinds.ts'
import { methodsOf } from './methods.ts'
import type { CommonOptions, Handlers, HandlersOf, KindsOfHandlers, KindsOfTasks } from './options.ts'
import type { Queue } from './types.ts'
import { wireUp } from './wire-up.ts'

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
  return methodsOf(wireUp(options, kindsOf(options.tasks, options.handlers ?? {})))
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
