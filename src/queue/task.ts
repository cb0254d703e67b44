import type { Schema, Task, TaskOptions, Tasks } from '../types.ts'

/** A task whose payload type comes from its schema. */
export function task<Input, Output, Result = unknown>(
  options: TaskOptions<Input, Output> & { readonly input: Schema<Input, Output> },
): Task<Input, NoInfer<Result>, Output>
/**
 * Declares one kind of job: its options, and in its types the payload and the result.
 *
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
export function task(options: TaskOptions = {}): Task {
  return { options }
}

/** Names the kinds of a queue, for the contexts that enqueue and those that run to share. */
export function defineTasks<const T extends Tasks>(tasks: T): T {
  return tasks
}
