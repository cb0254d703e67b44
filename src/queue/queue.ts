import type { SyncOptions } from '../sync/options.ts'
import type { Tasks } from '../types.ts'
import { amount, anything, count, is, list, number, numeric, oneOf, options, text } from './check.ts'
import type { Queue } from './face.ts'
import { kindsOf } from './kinds.ts'
import { methodsOf } from './methods.ts'
import type {
  CommonOptions,
  Handlers,
  HandlersOf,
  KindsOfHandlers,
  KindsOfTasks,
  Limits,
  RetentionSettings,
  WorkerSettings,
} from './options.ts'
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
export function createQueue(given: LooseOptions): unknown {
  return openQueue(given)
}

/** Options whose kinds are only known when they are looked at. */
export interface LooseOptions extends CommonOptions {
  readonly tasks?: Tasks | undefined
  readonly handlers?: Readonly<Record<string, unknown>> | undefined
}

/** {@link createQueue}, for rooms that have done its typing themselves. */
export function openQueue(given: LooseOptions): Queue {
  check(given)
  return methodsOf(wireUp(given, kindsOf(given.tasks, given.handlers ?? {})))
}

const checkOptions = options<LooseOptions>({
  name: text,
  tasks: is('object'),
  handlers: is('object'),
  store: is('function'),
  fallback: oneOf('memory'),
  owner: is('string'),
  durability: oneOf('auto', 'strict', 'relaxed'),
  sync: options<SyncOptions>({
    url: text,
    headers: anything,
    fetch: is('function'),
    include: list(oneOf('completed', 'dead')),
    lingerMs: number(0),
  }),
  connectivity: options<Part<'connectivity'>>({
    probe: (what, probe) => typeof probe === 'function' || text(what, probe),
  }),
  worker: options<WorkerSettings>({
    concurrency: count(1),
    leaseMs: number(1),
    boostMs: number(0),
    maxCrashes: count(0),
    interruptible: is('boolean'),
  }),
  limits: options<Limits>({
    maxPending: count(1),
    overflow: oneOf('reject', 'drop-oldest'),
    maxRunning: count(1),
    maxPayloadBytes: amount(0),
    warnAtShare: numeric(0, 'number up to 1', (value) => value <= 1),
  }),
  retention: options<RetentionSettings>({
    finishedMs: amount(0),
    finishedCount: count(0),
    dead: options<NonNullable<RetentionSettings['dead']>>({ maxBytes: amount(0), maxAgeMs: amount(0) }),
  }),
  clock: is('object'),
  random: is('function'),
})

type Part<Name extends keyof CommonOptions> = NonNullable<CommonOptions[Name]>

function check(given: LooseOptions): void {
  checkOptions('options', given)
  text('options.name', given.name)
  if (given.sync !== undefined) text('options.sync.url', given.sync.url)
  if (given.tasks ?? given.handlers) return
  throw new TypeError('Cannot use options: they have neither tasks nor handlers, expected one of them')
}
