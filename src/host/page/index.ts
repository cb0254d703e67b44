export type { SyncManagerLike, WakeUp } from '../background-sync.ts'
export { attach } from './attach.ts'
export type { AttachOptions, HostedQueue, PageHost, PageScope, RegistrationLike } from './types.ts'
