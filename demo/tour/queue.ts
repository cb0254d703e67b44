import {
  createQueue,
  defineTasks,
  type KindsOfTasks,
  memoryStore,
  type Queue,
  type Task,
  task,
} from 'holdfast'
import { authorization, type Photo, type Uploaded } from '../contract.ts'
import { uploadTo } from '../upload.ts'
import { makePng } from './png.ts'

interface TourTasks {
  readonly [kind: string]: Task<Photo, Uploaded>
  readonly upload: Task<Photo, Uploaded>
}

export type TourQueue = Queue<KindsOfTasks<Pick<TourTasks, 'upload'>>>

/** The page's queue in small: the same handler, in memory, and more hurried. */
export function openQueue(apiUrl: string, principal: string): TourQueue {
  const tasks: Pick<TourTasks, 'upload'> = defineTasks({
    upload: task<Photo, Uploaded>({ retry: { maxAttempts: 8, baseMs: 200, capMs: 2_000 } }),
  })
  return createQueue({
    name: 'tour',
    store: memoryStore(),
    tasks,
    handlers: { upload: uploadTo(apiUrl, principal) },
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
