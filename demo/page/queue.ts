import { createQueue, type KindsOfTasks, type Queue } from 'holdfast'
import { assertOk } from 'holdfast/http'
import { attach } from 'holdfast/page'
import { authorization, explained, tasks, uploaded, uploadRequest } from '../contract.ts'
import { post } from './upload.ts'

export type PhotoQueue = Queue<KindsOfTasks<typeof tasks>>

/** Everybody who opens the page is the same visitor. */
export const visitor = 'visitor'

/** The page's queue: in IndexedDB, shared by all its tabs, run by each of them. */
export function openQueue(apiUrl: string): PhotoQueue {
  return createQueue({
    name: 'photos',
    tasks,
    fallback: 'memory',
    handlers: {
      upload: async (photo, job) => {
        const { signal } = job
        const request = uploadRequest(apiUrl, visitor, photo, job)
        const progress = (percent: number): void => job.progress(percent)
        await assertOk(post(request, { body: photo.file, signal, progress })).catch((error: unknown) => {
          throw explained(error)
        })
        return uploaded(visitor, photo, job)
      },
    },
    sync: {
      url: `${apiUrl}/acks`,
      headers: authorization(visitor),
      // With cookies: that is where the server remembers this device's log.
      fetch: (url, init) => fetch(url, { ...init, credentials: 'include' }),
    },
    worker: { concurrency: 3 },
  })
}

/** Runs the queue as long as the page is in use: photos under way go back to the line when it goes, uncharged. */
export async function run(queue: PhotoQueue, failed: (error: unknown) => void): Promise<void> {
  attach(queue, { onError: failed })
  await queue.start()
}
