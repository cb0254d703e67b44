import type { StoreFactory } from '../../store/contract.ts'
import { type DurableObjectStorage, durableObjectSqlite } from '../../store/sqlite/driver.ts'
import { sqliteStore } from '../../store/sqlite.ts'

const stores: WeakMap<DurableObjectStorage, StoreFactory> = new WeakMap()

/**
 * A store in the SQLite storage of a Durable Object. All queues of the object share it, also when it is asked for again;
 * each queue is opened once. Nothing is touched before the first call.
 *
 * @example
 * ```ts
 * import { createQueue } from 'holdfast'
 * import { type DurableObjectStorage, durableObjectStore } from 'holdfast/cloudflare'
 *
 * export class Mailer {
 *   readonly queue
 *
 *   constructor(ctx: { readonly storage: DurableObjectStorage }) {
 *     const store = durableObjectStore(ctx.storage)
 *     this.queue = createQueue({ name: 'mail', store, handlers: { send: async (to: string) => ({ to }) } })
 *   }
 * }
 * ```
 */
export function durableObjectStore(storage: DurableObjectStorage): StoreFactory {
  const known = stores.get(storage)
  if (known !== undefined) return known
  const store = sqliteStore({ driver: durableObjectSqlite(storage) })
  stores.set(storage, store)
  return store
}
