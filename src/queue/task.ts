import { misuse } from '../errors.ts'
import type { RetryPolicy } from '../machine/backoff.ts'
import type { Schema, Task, TaskOptions, Tasks } from '../types.ts'
import { amount, type Check, count, is, number, numeric, oneOf, options } from './check.ts'

const named = oneOf('exponential', 'fixed', 'linear')

/** @throws TypeError or RangeError for options of a task that make no sense. */
export const checkTask: Check = options<TaskOptions>({
  input(what, schema) {
    // Some are functions.
    if (!('~standard' in Object(schema))) throw misuse(what, schema, 'a Standard Schema')
  },
  version: numeric(1, 'whole number', Number.isSafeInteger),
  migrate: is('function'),
  retry: options<RetryPolicy>({
    maxAttempts: count(1),
    baseMs: number(0),
    capMs: number(0),
    minMs: number(0),
    backoff: (what, backoff) => typeof backoff === 'function' || named(what, backoff),
  }),
  timeoutMs: amount(1),
  stallMs: amount(1),
  maxRunning: count(1),
  needsNetwork: is('boolean'),
  delivery: oneOf('at-least-once', 'at-most-once'),
  deadHead: oneOf('free', 'block'),
})

/**
 * A task whose payload type comes from its schema.
 *
 * @throws TypeError or RangeError for options that make no sense.
 */
export function task<Input, Output, Result = unknown>(
  options: TaskOptions<Input, Output> & { readonly input: Schema<Input, Output> },
): Task<Input, NoInfer<Result>, Output>
/**
 * Declares one kind of job: its options, and in its types the payload and the result.
 *
 * @throws TypeError or RangeError for options that make no sense.
 * @example
 * ```ts
 * import { defineTasks, task } from 'holdfast'
 *
 * export const tasks = defineTasks({
 *   upload: task<{ id: string; file: Blob }, { etag: string | null }>({ maxRunning: 3 }),
 *   ping: task(),
 * })
 * ```
 */
export function task<Payload = undefined, Result = unknown>(
  options?: TaskOptions<Payload, Payload>,
): Task<NoInfer<Payload>, NoInfer<Result>, NoInfer<Payload>>
export function task(given: TaskOptions = {}): Task {
  checkTask('options', given)
  return { options: given }
}

/** Names the kinds of a queue, for the contexts that enqueue and those that run to share. */
export function defineTasks<const T extends Tasks>(tasks: T): T {
  return tasks
}
