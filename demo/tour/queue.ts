import {
  createQueue,
  defineTasks,
  type KindsOfTasks,
  memoryStore,
  type Queue,
  type Task,
  task,
} from 'holdfast'
import { assertOk } from 'holdfast/http'
import { authorization, explained, type Photo, type Uploaded, uploaded, uploadRequest } from '../contract.ts'
import { makePng } from './png.ts'

interface TourTasks {
  readonly [kind: string]: Task<Photo, Uploaded>
  readonly upload: Task<Photo, Uploaded>
}

export type TourQueue = Queue<KindsOfTasks<Pick<TourTasks, 'upload'>>>

/** The page's queue in small: the same handler over `fetch`, in memory, and more hurried. */
export function openQueue(apiUrl: string, principal: string): TourQueue {
  const tasks: Pick<TourTasks, 'upload'> = defineTasks({
    upload: task<Photo, Uploaded>({ retry: { maxAttempts: 8, baseMs: 200, capMs: 2_000 } }),
  })
  return createQueue({
    name: 'tour',
    store: memoryStore(),
    tasks,
    handlers: {
      upload: async (photo, job) => {
        const { url, headers } = uploadRequest(apiUrl, principal, photo, job)
        const sent = fetch(url, { method: 'POST', headers, body: photo.file, signal: job.signal })
        const response = await assertOk(sent).catch((error: unknown) => {
          throw explained(error)
        })
        await response.arrayBuffer()
        return uploaded(principal, photo, job)
      },
    },
    sync: { url: `${apiUrl}/acks`, headers: authorization(principal) },
    worker: { concurrency: 8 },
  })
}

/** One photo of the tour. */
export interface TourPhoto {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly payload: Photo
}

/** The one at `refused` has a caption that the API never takes. */
export function makePhotos(count: number, refused: number): TourPhoto[] {
  return Array.from({ length: count }, (_, index) => {
    const bytes = makePng(index)
    const file = new Blob([bytes], { type: 'image/png' })
    const caption = index === refused ? 'Refused!' : `Photo ${index + 1}`
    return { bytes, payload: { name: `photo-${index + 1}.png`, caption, file } }
  })
}
