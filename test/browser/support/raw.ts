/** Looks at a queue's database behind the library's back. */
export interface Raw {
  /** How many records an object store holds. */
  count(queue: string, store: 'log' | 'payloads'): Promise<number>
  /** The events in the log, oldest first. */
  events(queue: string): Promise<readonly RawEvent[]>
  /** The id of the log. */
  log(queue: string): Promise<unknown>
  /** Both, as one transaction sees them. */
  look(queue: string): Promise<{ readonly events: readonly RawEvent[]; readonly payloads: number }>
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
  const look: Raw['look'] = async (queue) => {
    const [entries, payloads] = await within(queue, 'readonly', (transaction) => {
      const log = transaction.objectStore('log')
      const [keys, entries] = [log.getAllKeys(), log.getAll()]
      const kept = transaction.objectStore('payloads').count()
      // What came too late for its key counts for nothing.
      const counts = (entry: { readonly key: number }, place: number) => entry.key === keys.result[place]
      return () => [entries.result.filter(counts), kept.result] as const
    })
    return { events: entries.flatMap((entry) => bodyOf(entry).events), payloads }
  }
  return {
    look,
    count: (queue, store) =>
      within(queue, 'readonly', (transaction) => {
        const count = transaction.objectStore(store).count()
        return () => count.result
      }),
    events: async (queue) => (await look(queue)).events,
    log: (queue) =>
      within(queue, 'readonly', (transaction) => {
        const log = transaction.objectStore('meta').get('log')
        return () => log.result
      }),
    async appendFromTheFuture(queue) {
      await within(queue, 'readwrite', (transaction) => {
        const log = transaction.objectStore('log')
        const [keys, entries] = [log.getAllKeys(), log.getAll()]
        entries.onsuccess = () => {
          const { v } = bodyOf(entries.result.at(-1))
          log.add({
            id: 'future:1',
            key: Number(keys.result.at(-1)) + 1,
            body: JSON.stringify({ v: v + 1, at: 0, events: [{ type: 'teleported' }] }),
          })
        }
        return () => undefined
      })
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
  mode: IDBTransactionMode,
  ask: (transaction: IDBTransaction) => () => T,
): Promise<T> {
  const db = await answer(indexedDB.open(`holdfast:${queue}`))
  try {
    const transaction = db.transaction(['log', 'payloads', 'meta'], mode)
    const result = ask(transaction)
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    })
    return result()
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
