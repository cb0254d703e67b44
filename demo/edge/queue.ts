import {
  createQueue,
  defineTasks,
  type JobContext,
  type KindsOfTasks,
  type Queue,
  type StoreFactory,
  type Task,
  task,
} from 'holdfast'
import { assertOk } from 'holdfast/http'
import { thumbnailOf } from './thumbnail.ts'

/** A photo that the API has stored. */
export interface StoredPhoto {
  readonly principal: string
  /** The idempotency key that it is stored under. */
  readonly key: string
}

interface Thumbnail {
  readonly bytes: number
}

const retry = { maxAttempts: 8, baseMs: 500, capMs: 30_000 }

/** What is left to do once a photo is stored. */
const tasks: {
  readonly thumbnail: Task<StoredPhoto, Thumbnail>
  readonly notify: Task<StoredPhoto, undefined>
} = defineTasks({
  thumbnail: task<StoredPhoto, Thumbnail>({ retry }),
  notify: task<StoredPhoto, undefined>({ retry }),
})

/** The queue of one object. */
export type FollowUpQueue = Queue<KindsOfTasks<typeof tasks>>

export function openQueue(apiUrl: string, store: StoreFactory): FollowUpQueue {
  const headers = { authorization: 'Bearer edge' }
  const put = (path: string, body: BodyInit, job: JobContext): Promise<Response> => {
    const init = { method: 'PUT', body, signal: job.signal }
    const keyed = { ...headers, 'idempotency-key': job.idempotencyKey }
    return assertOk(fetch(`${apiUrl}/${path}`, { ...init, headers: keyed }))
  }
  return createQueue({
    name: 'follow-ups',
    store,
    tasks,
    sync: { url: `${apiUrl}/acks`, headers },
    handlers: {
      thumbnail: async ({ principal, key }, job) => {
        const stored = await assertOk(fetch(`${apiUrl}/photos/${principal}/${key}`, { signal: job.signal }))
        const thumbnail = thumbnailOf(new Uint8Array(await stored.arrayBuffer()))
        await put(`thumbnails/${principal}/${key}`, thumbnail, job)
        return { bytes: thumbnail.byteLength }
      },
      notify: async ({ principal, key }, job) => {
        await put(`notifications/${principal}/${key}`, 'Your photo has arrived', job)
      },
    },
  })
}

/** Takes a photo's jobs in: handed over once more after a lost answer, they are there already. */
export async function follow(queue: FollowUpQueue, photo: StoredPhoto): Promise<void> {
  // One key: the thumbnail is there, or given up, before anybody is told.
  const options = { key: photo.key, dedupeKey: photo.key, dedupeMs: 24 * 3_600_000 }
  await queue.enqueueAll([
    { kind: 'thumbnail', payload: photo, ...options },
    { kind: 'notify', payload: photo, ...options },
  ])
}
