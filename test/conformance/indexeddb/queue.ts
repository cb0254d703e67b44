import { onTestFinished } from 'vitest'
import type { Store } from '../../../src/store/contract.ts'
import { indexedDbStore } from '../../../src/store/indexeddb.ts'

let queues = 0

/** A queue of its own, erased after the test. */
export function openQueue(): { open: () => Store; databaseName: string } {
  queues += 1
  const name = `own-faults-${queues}`
  const factory = indexedDbStore({ databaseName: 'adapter' })
  const open = () => {
    const store = factory(name)
    onTestFinished(() => store.close())
    return store
  }
  onTestFinished(() => factory(name).destroy())
  return { open, databaseName: `adapter:${name}` }
}

/** The result of a request made without the store. */
export function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** Writes to a database behind the store's back. */
export async function writeRaw(
  databaseName: string,
  write: (log: IDBObjectStore) => IDBRequest,
): Promise<void> {
  const db = await answered(indexedDB.open(databaseName))
  const transaction = db.transaction(['log', 'pages', 'meta'], 'readwrite')
  await answered(write(transaction.objectStore('log')))
  db.close()
}
