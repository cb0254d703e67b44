import type { ApplicationDatabase } from './application-database.ts'
import { nativeOf, prefixOf } from './application-connection.ts'
import { createStores, storeNames } from './schema.ts'

/**
 * Makes a queue's object stores in an application's database: to be called in its upgrade. Those that are there already
 * stay as they are.
 *
 * @example
 * ```ts not run: there is no IndexedDB outside of a browser
 * import { createQueueStores } from 'holdfast'
 *
 * const opening = indexedDB.open('app', 2)
 * opening.onupgradeneeded = () => createQueueStores(opening.result, 'photos')
 * ```
 */
export function createQueueStores(db: ApplicationDatabase, queueName: string): void {
  createStores(nativeOf(db), prefixOf(queueName))
}

/**
 * A queue's object stores for an application's Dexie, as its `stores()` takes them.
 *
 * @example
 * ```ts
 * import { queueStoresSchema } from 'holdfast'
 *
 * console.log(Object.keys(queueStoresSchema('photos'))[0]) // holdfast:photos:log
 * ```
 */
export function queueStoresSchema(queueName: string): Record<string, string> {
  const keys = { log: '++', pages: 'id', payloads: '', byes: '', meta: '' }
  return Object.fromEntries(storeNames.map((name) => [prefixOf(queueName) + name, keys[name]]))
}
