import type { DurableObjectNamespace, DurableObjectState, DurableObjectStub } from '@cloudflare/workers-types'
import { createQueue, type StoreFactory } from 'holdfast'
import {
  attach,
  type CloudflareHost,
  durableObjectStore,
  shardStub,
  shardStubs,
  type sumInfo,
} from 'holdfast/cloudflare'
import { durableObjectSqlite, type SqliteDriver } from 'holdfast/sqlite'
import { describe, expectTypeOf, it } from 'vitest'

declare const ctx: DurableObjectState
declare const namespace: DurableObjectNamespace

describe('what Cloudflare’s own types describe', () => {
  it('is a context and a storage for a queue', () => {
    expectTypeOf(durableObjectStore(ctx.storage)).toEqualTypeOf<StoreFactory>()
    expectTypeOf(durableObjectSqlite(ctx.storage)).toEqualTypeOf<SqliteDriver>()
    const queue = createQueue({
      name: 'mail',
      store: durableObjectStore(ctx.storage),
      handlers: { send: async (to: string) => ({ to }) },
    })
    expectTypeOf(attach(queue, ctx)).toEqualTypeOf<CloudflareHost>()
    expectTypeOf(queue.info).returns.resolves.toExtend<Parameters<typeof sumInfo>[0][number]>()
  })

  it('is what a host is given by the platform', () => {
    type Alarm = Parameters<CloudflareHost['alarm']>[0]
    expectTypeOf<{ isRetry: boolean; retryCount: number; scheduledTime: number }>().toExtend<Alarm>()
    expectTypeOf<DurableObjectState>().toExtend<NonNullable<Parameters<CloudflareHost['scheduled']>[1]>>()
  })

  it('is a namespace whose stubs keep their type', () => {
    const options = { prefix: 'mail', shards: 4 }
    expectTypeOf(shardStub(namespace, { ...options, key: 'a' })).toEqualTypeOf<DurableObjectStub>()
    expectTypeOf(shardStubs(namespace, options)).toEqualTypeOf<DurableObjectStub[]>()
  })
})
