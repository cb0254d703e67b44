import type { Task, TaskOptions } from '../types.ts'
import { type RequestPayload, requestSchema } from './payload.ts'

/** Options of {@link httpTask}: those of any task, but for the payload's. */
export type HttpTaskOptions = Omit<TaskOptions<RequestPayload>, 'input' | 'version' | 'migrate'>

/**
 * A task whose payload is a kept request: made by {@link requestPayload}, or put together by hand. It is checked when
 * it is enqueued. Run it with {@link httpHandler}.
 *
 * @example
 * ```ts
 * import { createQueue, defineTasks, memoryStore } from 'holdfast'
 * import { httpTask, requestPayload } from 'holdfast/http'
 *
 * // Shared by the page that enqueues and the service worker that runs.
 * const tasks = defineTasks({ request: httpTask<{ id: number }>({ maxRunning: 2 }) })
 * const queue = createQueue({ name: 'requests', tasks, store: memoryStore() })
 * await queue.enqueue('request', await requestPayload(new Request('https://example.com/likes', { method: 'POST' })))
 * await queue.close()
 * ```
 */
export function httpTask<Result = undefined>(options: HttpTaskOptions = {}): Task<RequestPayload, Result> {
  return { options: { ...options, input: requestSchema } }
}
