import { createQueue, type KindsOfTasks, type Queue } from 'holdfast'
import { authorization, tasks } from './contract.ts'
import { uploadTo } from './upload.ts'

export type PhotoQueue = Queue<KindsOfTasks<typeof tasks>>

/** Everybody who opens the page is the same visitor. */
export const visitor = 'visitor'

/** The queue in IndexedDB: one for all pages and their service worker, and run by each of them. */
export function openQueue(apiUrl: string): PhotoQueue {
  return createQueue({
    name: 'photos',
    tasks,
    fallback: 'memory',
    handlers: { upload: uploadTo(apiUrl, visitor) },
    sync: {
      url: `${apiUrl}/acks`,
      headers: authorization(visitor),
      // With cookies: that is where the server remembers this device's log.
      fetch: (url, init) => fetch(url, { ...init, credentials: 'include' }),
    },
    worker: { concurrency: 3 },
  })
}
