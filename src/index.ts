export type { QueueErrorCode, QueueErrorDetails, PayloadIssue, RetryErrorOptions } from './errors.ts'
export { FatalError, isQueueError, QueueError, RetryError } from './errors.ts'
export type { RetryPolicy } from './machine/backoff.ts'
export type { EnqueueOutcome, OnDuplicate } from './machine/enqueue.ts'
export type { HoldCause } from './machine/events.ts'
export type { AckState, DeadReason, Failure, JobState } from './machine/job.ts'
export type { WhyNot } from './machine/why.ts'
export type { QueueEventName, QueueEvents, StoreState } from './queue/events.ts'
export type {
  CommonOptions,
  EnqueueItem,
  EnqueueOptions,
  Handler,
  HandlerFunction,
  HandlerObject,
  Handlers,
  HandlersOf,
  KindMap,
  KindsOfHandlers,
  KindsOfTasks,
  Limits,
  RetentionSettings,
  WorkerSettings,
} from './queue/options.ts'
export { createQueue } from './queue/queue.ts'
export { snooze } from './queue/snooze.ts'
export { defineTasks, task } from './queue/task.ts'
export type { Queue, Transacted, Transaction } from './queue/face.ts'
export type {
  DrainOptions,
  DrainResult,
  Enqueued,
  HoldView,
  JobFilter,
  JobPage,
  JobView,
  QueueInfo,
  QueueView,
  RejectedAckView,
} from './queue/types.ts'
export type * from './store/contract.ts'
export type { ApplicationDatabase } from './store/indexeddb/application-database.ts'
export { createQueueStores, queueStoresSchema } from './store/indexeddb/application.ts'
export type { IndexedDbStoreOptions } from './store/indexeddb.ts'
export { indexedDbStore } from './store/indexeddb.ts'
export { memoryStore } from './store/memory.ts'
export type { SyncOptions } from './sync/options.ts'
export type { SyncStatus } from './sync/types.ts'
export type { Clock, JobContext, Json, Schema, Task, TaskOptions, Tasks } from './types.ts'
export type { Snooze } from './worker/outcome.ts'
