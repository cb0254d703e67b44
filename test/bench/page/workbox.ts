import { Queue } from 'workbox-background-sync'
import { expectCount, freshName, type Payload } from './jobs.ts'
import { resultOf } from './raw.ts'

// The package is for service workers, and asks this at once. There is no Background Sync in it: it registers nothing.
Object.assign(globalThis, { registration: {} })

/**
 * Never replays by itself: only when it is told. With its database open: until it is, every call opens it once more, and
 * a burst would be measured by what hundreds of connections cost.
 */
export async function openWorkbox(): Promise<Queue> {
  const queue = new Queue(freshName(), { onSync: async () => undefined })
  await queue.size()
  return queue
}

export function requestsOf(given: readonly Payload[]): Request[] {
  return given.map((payload) => new Request(payload.url, { method: 'POST', body: JSON.stringify(payload) }))
}

export async function pushEach(queue: Queue, requests: readonly Request[]): Promise<void> {
  for (const request of requests) await queue.pushRequest({ request })
}

export async function pushAll(queue: Queue, requests: readonly Request[]): Promise<void> {
  await Promise.all(requests.map((request) => queue.pushRequest({ request })))
}

/** With `fetch` stubbed by the handler. */
export async function replay(queue: Queue, run: (payload: Payload) => void): Promise<void> {
  const { fetch } = globalThis
  globalThis.fetch = async (request, init) => {
    if (!(request instanceof Request)) return fetch(request, init)
    run(await request.json())
    return new Response()
  }
  try {
    await queue.replayRequests()
  } finally {
    globalThis.fetch = fetch
  }
}

export async function expectRequests(queue: Queue, count: number): Promise<void> {
  expectCount('requests', await queue.size(), count)
}

/** Removes what no clock is to see removed, at once: the queue has nothing but one `shiftRequest` after the other. */
export async function empty(queue: Queue): Promise<void> {
  const database = await resultOf(indexedDB.open('workbox-background-sync'))
  await resultOf(database.transaction('requests', 'readwrite').objectStore('requests').clear())
  database.close()
  await expectRequests(queue, 0)
}
