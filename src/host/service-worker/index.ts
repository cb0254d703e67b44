export type { SyncManagerLike, WakeUp } from '../background-sync.ts'
export { attach } from './attach.ts'
export type {
  AttachOptions,
  HostedQueue,
  WorkerEvent,
  WorkerEventName,
  WorkerHost,
  WorkerScope,
} from './types.ts'
