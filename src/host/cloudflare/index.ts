export type { DurableObjectStorage } from '../../store/sqlite/driver.ts'
export { attach } from './attach.ts'
export type { ObjectNamespace, ShardOptions } from './shards.ts'
export { shardOf, shardStub, shardStubs } from './shards.ts'
export { durableObjectStore } from './store.ts'
export type { InfoSum, SummableInfo } from './sum.ts'
export { sumInfo } from './sum.ts'
export type {
  AlarmInfo,
  AlarmStorage,
  AttachOptions,
  CloudflareHost,
  DurableObjectContext,
  HostedQueue,
} from './types.ts'
