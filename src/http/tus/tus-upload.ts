import { isQueueError, refuseUnknown } from '../../errors.ts'
import type { JobContext } from '../../types.ts'
import { HttpError } from '../errors.ts'
import { type Tus, tusClient } from './client.ts'
import type { TusOptions } from './options.ts'

/** What a job keeps of its upload. How much of it the server has, the server knows better. */
interface Kept {
  readonly url: string
  readonly offset: number
}

/** How often in a row the server may disagree about the offset, or have lost the upload, before the attempt fails. */
const maxSurprises = 3

/**
 * A handler that uploads a file in pieces by the [tus protocol 1.0](https://tus.io/protocols/resumable-upload). After each piece
 * a checkpoint is kept: a later attempt, here or in another context, asks the server how much it has, and goes on from
 * there. An upload that the server knows no more (404, 410, and 403 when it is resumed) is created anew. The job's progress is the number of bytes
 * that the server has; its result is the upload's URL.
 *
 * Behind CORS the server has to expose `Location` and `Upload-Offset`.
 *
 * @throws TypeError for an option that there is not, RangeError for a `chunkBytes` that is none.
 * @example
 * ```ts
 * import { createQueue, memoryStore } from 'holdfast'
 * import { tusUpload } from 'holdfast/http/tus'
 *
 * const queue = createQueue({
 *   name: 'videos',
 *   store: memoryStore(),
 *   handlers: {
 *     upload: tusUpload<{ file: File }>({
 *       endpoint: '/files/',
 *       metadata: ({ file }) => ({ filename: file.name, filetype: file.type }),
 *     }),
 *   },
 * })
 * await queue.close()
 * ```
 */
export function tusUpload<Payload = { readonly file: Blob }>(
  options: TusOptions<Payload> & (Payload extends { readonly file: Blob } ? unknown : { file: unknown }),
): (payload: Payload, job: JobContext) => Promise<{ url: string }>
export function tusUpload<Payload>(
  options: TusOptions<Payload>,
): (payload: Payload, job: JobContext) => Promise<{ url: string }> {
  const known = ['endpoint', 'file', 'metadata', 'chunkBytes', 'headers', 'terminate', 'fetch']
  refuseUnknown('options', options, known)
  const { chunkBytes = 5_242_880, terminate = false } = options
  if (!Number.isSafeInteger(chunkBytes) || chunkBytes < 1) {
    throw new RangeError(
      `Cannot use options.chunkBytes: it is ${chunkBytes}, expected a whole number of bytes`,
    )
  }
  return async (payload, job) => {
    const file = options.file ? options.file(payload) : Reflect.get(Object(payload), 'file')
    if (!(file instanceof Blob)) throw new TypeError('Cannot upload: the payload has no file')
    const tus = await tusClient(payload, job, options)
    const upload = { file, job, tus, chunkBytes }
    let kept = keptOf(job)
    try {
      kept = await resumed(upload, kept)
      for (let surprises = 0; kept.offset < file.size; ) {
        const before = kept
        kept = await further(upload, kept)
        const isFurther = kept.url === before.url && kept.offset > before.offset
        surprises = isFurther ? 0 : surprises + 1
        if (surprises > maxSurprises) throw new Error(`Cannot go on: the server stays at byte ${kept.offset}`)
      }
    } catch (error) {
      const isCancelled = isQueueError(job.signal.aborted && job.signal.reason, 'cancelled')
      if (terminate && isCancelled && kept) await tus.terminate(kept.url)
      throw error
    }
    return { url: kept.url }
  }
}

interface Upload {
  readonly file: Blob
  readonly job: JobContext
  readonly tus: Tus
  readonly chunkBytes: number
}

/** Where an earlier attempt left it, or a new upload. */
async function resumed(upload: Upload, kept: Kept | undefined): Promise<Kept> {
  return kept === undefined ? begun(upload) : asked(upload, kept.url)
}

/** What the server says; a new upload where it knows of none, or of one that cannot be of this file. */
async function asked(upload: Upload, url: string): Promise<Kept> {
  const offset = await upload.tus.offset(url)
  if (offset === undefined || offset > upload.file.size) return begun(upload)
  upload.job.progress(offset)
  return { url, offset }
}

async function begun({ file, job, tus }: Upload): Promise<Kept> {
  const url = await tus.create(file.size)
  return keep(job, { url, offset: 0 })
}

/** One piece more; or what the server says where it disagrees. */
async function further(upload: Upload, { url, offset }: Kept): Promise<Kept> {
  const { file, job, tus, chunkBytes } = upload
  try {
    const reached = await tus.append(url, offset, file.slice(offset, offset + chunkBytes))
    return await keep(job, { url, offset: reached })
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    if (error.status === 404 || error.status === 410) return begun(upload)
    if (error.status !== 409) throw error
  }
  return asked(upload, url)
}

async function keep(job: JobContext, kept: Kept): Promise<Kept> {
  job.progress(kept.offset)
  try {
    await job.checkpoint({ ...kept })
  } catch (error) {
    // The store's trouble is no reason to stop: the checkpoint before it stands, and the server knows the offset.
    const isPassing = (['quota-exceeded', 'store-failed', 'outcome-unknown'] as const).some((code) =>
      isQueueError(error, code),
    )
    if (!isPassing) throw error
  }
  return kept
}

function keptOf({ checkpointed }: JobContext): Kept | undefined {
  const { url, offset }: Partial<Kept> = Object(checkpointed)
  return typeof url === 'string' && typeof offset === 'number' ? { url, offset } : undefined
}
