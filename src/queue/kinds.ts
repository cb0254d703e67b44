import { misuse } from '../errors.ts'
import { defaultRetry, type RetryPolicy } from '../machine/backoff.ts'
import type { Task, TaskOptions, Tasks } from '../types.ts'
import type { Kind } from '../worker/types.ts'
import { is } from './check.ts'
import { guarded } from './emitter.ts'
import { checkTask } from './task.ts'

/** Everything settled about each kind, from its task and its handler. */
export function kindsOf(
  tasks: Tasks | undefined,
  handlers: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, Kind> {
  const declared: Readonly<Record<string, Task>> =
    tasks ?? Object.fromEntries(Object.keys(handlers).map((kind) => [kind, { options: {} }]))
  for (const kind of Object.keys(handlers)) {
    if (!Object.hasOwn(declared, kind)) {
      const known = Object.keys(declared).join(', ')
      throw new TypeError(`Cannot handle "${kind}": it is not in tasks, which has ${known || 'no kind'}`)
    }
  }
  const handlerOf = (kind: string): unknown => (Object.hasOwn(handlers, kind) ? handlers[kind] : undefined)
  return new Map(Object.entries(declared).map(([kind, task]) => [kind, kindOf(kind, task, handlerOf(kind))]))
}

function kindOf(kind: string, task: Task, handler: unknown): Kind {
  const options = optionsOf(kind, task)
  checkTask(`tasks.${kind}`, options)
  const { timeoutMs, stallMs, maxRunning, needsNetwork, version, migrate, input, delivery, deadHead } =
    options
  return {
    kind,
    ...runnerOf(kind, handler),
    schema: input,
    version: version ?? 1,
    migrate,
    retry: retryOf(options.retry),
    timeoutMs: timeoutMs ?? Number.POSITIVE_INFINITY,
    stallMs: stallMs ?? 15 * 60_000,
    maxRunning: maxRunning ?? Number.POSITIVE_INFINITY,
    needsNetwork: needsNetwork ?? true,
    once: delivery === 'at-most-once',
    deadBlocks: deadHead === 'block',
  }
}

function optionsOf(kind: string, task: Task): TaskOptions {
  if (typeof task === 'object' && task !== null && typeof task.options === 'object') return task.options
  throw new TypeError(`Cannot use the task "${kind}": it is not made by task()`)
}

/** The handler's parts, whichever form it has. The types let only fitting handlers through; this looks once more. */
function runnerOf(kind: string, handler: unknown): Pick<Kind, 'run' | 'isDone'> {
  if (handler === undefined) return {}
  if (typeof handler === 'function') return { run: handler as NonNullable<Kind['run']> }
  if (
    typeof handler === 'object' &&
    handler !== null &&
    'run' in handler &&
    typeof handler.run === 'function'
  ) {
    const { run } = handler
    const isDone = 'isDone' in handler ? handler.isDone : undefined
    if (isDone !== undefined) is('function')(`handlers.${kind}.isDone`, isDone)
    const asked = isDone as NonNullable<Kind['isDone']> | undefined
    return {
      run: (payload, job) => run.call(handler, payload, job) as unknown,
      isDone: asked && ((payload, job) => asked.call(handler, payload, job)),
    }
  }
  throw misuse(`handlers.${kind}`, handler, 'a function or { run }')
}

function retryOf(retry: Partial<RetryPolicy> = {}): RetryPolicy {
  return {
    maxAttempts: retry.maxAttempts ?? defaultRetry.maxAttempts,
    baseMs: retry.baseMs ?? defaultRetry.baseMs,
    capMs: retry.capMs ?? defaultRetry.capMs,
    minMs: retry.minMs ?? defaultRetry.minMs,
    backoff:
      typeof retry.backoff === 'function' ? tame(retry.backoff) : (retry.backoff ?? defaultRetry.backoff),
  }
}

/** A backoff that throws must not keep a failure from being written: it is reported, and the wait is `capMs`. */
function tame(backoff: (errors: number) => number): (errors: number) => number {
  return (errors) => {
    let ms = Number.NaN
    guarded(() => {
      ms = backoff(errors)
    })
    return ms
  }
}
