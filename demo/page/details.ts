import { isQueueError, type JobView } from 'holdfast'
import type { Photo } from '../contract.ts'
import type { PhotoQueue } from '../queue.ts'

/** What a row shows of a photo itself. */
export interface Details {
  readonly name: string
  readonly caption: string
  readonly bytes: number
  /** Where its picture is: in the queue, or, once it is uploaded and its bytes are freed, at the server. */
  readonly picture: string | undefined
}

interface Kept extends Details {
  readonly revision: number
}

/** Photos by job, read from the queue's payloads when they are first shown. */
export interface DetailsCache {
  /** `undefined` while it is being read. */
  of(job: JobView): Details | undefined
  /** Forgets the photos of jobs that are gone. */
  keepOnly(jobs: readonly JobView[]): void
}

export function createDetails(
  queue: PhotoQueue,
  apiUrl: string,
  loaded: () => void,
  failed: (error: unknown) => void,
): DetailsCache {
  const kept = new Map<string, Kept>()
  const reading = new Set<string>()

  function read(job: JobView): void {
    if (reading.has(job.id)) return
    reading.add(job.id)
    queue
      .payload(job.id)
      .then(
        (payload) => keep(job, payload),
        (error: unknown) => giveUp(error),
      )
      .finally(() => reading.delete(job.id))
      .catch(failed)
  }

  function keep(job: JobView, payload: unknown): void {
    if (!isPhoto(payload)) throw new TypeError(`Cannot show job "${job.id}": its payload is no photo`)
    const { name, caption, file } = payload
    const before = kept.get(job.id)
    const picture = before?.picture ?? URL.createObjectURL(file)
    kept.set(job.id, { name, caption, bytes: file.size, picture, revision: job.revision })
    loaded()
  }

  /** It finished, or was removed, in between: the next look shows what it is now. */
  function giveUp(error: unknown): void {
    if (!isQueueError(error, 'not-found')) throw error
  }

  return {
    of(job) {
      const known = kept.get(job.id)
      if (known?.revision === job.revision) return known
      if (job.state !== 'completed') read(job)
      // A payload edited elsewhere may be gone before it was read here; its result tells of the last one.
      const result = fromResult(job, apiUrl)
      return result && known ? { ...result, picture: known.picture } : (result ?? known)
    },
    keepOnly(jobs) {
      const ids = new Set(jobs.map(({ id }) => id))
      for (const [id, { picture }] of kept) {
        if (ids.has(id)) continue
        if (picture !== undefined) URL.revokeObjectURL(picture)
        kept.delete(id)
      }
    },
  }
}

function fromResult({ result }: JobView, apiUrl: string): Details | undefined {
  if (typeof result !== 'object' || result === null || !('path' in result)) return undefined
  const { name, caption, bytes, path } = result
  return { name: String(name), caption: String(caption), bytes: Number(bytes), picture: `${apiUrl}${path}` }
}

export function isPhoto(payload: unknown): payload is Photo {
  if (typeof payload !== 'object' || payload === null) return false
  if (!('name' in payload && 'caption' in payload && 'file' in payload)) return false
  const { name, caption, file } = payload
  return typeof name === 'string' && typeof caption === 'string' && file instanceof Blob
}
