/** Looks at a queue's database behind the library's back. */
export interface Raw {
  /** How many records an object store holds. */
  count(queue: string, store: 'log' | 'payloads'): Promise<number>
  /** The events in the log, oldest first. */
  events(queue: string): Promise<readonly RawEvent[]>
  /** Appends an entry as a library of the next format would, and tells the other contexts. */
  appendFromTheFuture(queue: string): Promise<void>
}

/** An event as it lies in the log: a type, and of its fields those that tests look at. */
export interface RawEvent {
  readonly type: string
  readonly id?: string
  readonly epoch?: number
  readonly cause?: string
}

export function createRaw(): Raw {
  return {
    count: (queue, store) => within(queue, store, 'readonly', (records) => records.count()),
    async events(queue) {
      const entries = await within(queue, 'log', 'readonly', (log) => log.getAll())
      return entries.flatMap((entry) => bodyOf(entry).events)
    },
    async appendFromTheFuture(queue) {
      const entries = await within(queue, 'log', 'readonly', (log) => log.getAll())
      const { v } = bodyOf(entries.at(-1))
      const body = JSON.stringify({ v: v + 1, at: Date.now(), events: [{ type: 'teleported' }] })
      await within(queue, 'log', 'readwrite', (log) => log.add({ id: 'future:1', body }))
      const hints = new BroadcastChannel(`indexeddb:holdfast:${queue}`)
      hints.postMessage(null)
      hints.close()
    },
  }
}

function bodyOf(entry: unknown): { readonly v: number; readonly events: readonly RawEvent[] } {
  const { body } = entry as { readonly body?: unknown }
  if (typeof body !== 'string') throw new TypeError('Cannot read the log: an entry has no body')
  return JSON.parse(body)
}

async function within<T>(
  queue: string,
  store: string,
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const db = await answer(indexedDB.open(`holdfast:${queue}`))
  try {
    const transaction = db.transaction(store, mode)
    const request = ask(transaction.objectStore(store))
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    })
    return request.result
  } finally {
    db.close()
  }
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
