import * as holdfast from 'holdfast'
import { assertOk } from 'holdfast/http'

export interface Photo {
  readonly name: string
  readonly file: Blob
}

export type Uploads = holdfast.Queue<{
  readonly upload: { readonly payload: Photo; readonly result: undefined }
}>

export interface UploadsOptions {
  /** Where the API is. */
  readonly api: string
  /** Whether this context runs uploads, or only takes them in. */
  readonly runs: boolean
  readonly limits?: holdfast.Limits
  /** How long a finish waits to be acknowledged. */
  readonly lingerMs?: number
}

/** The queue that pages and their service worker share: its jobs upload a file to the API, which acknowledges them. */
export function openUploads({ api, runs, limits = {}, lingerMs = 200 }: UploadsOptions): Uploads {
  const upload = async ({ name, file }: Photo, { idempotencyKey, signal }: holdfast.JobContext) => {
    const headers = { 'Idempotency-Key': idempotencyKey }
    const url = `${api}/photos?name=${encodeURIComponent(name)}`
    await assertOk(fetch(url, { method: 'POST', body: file, headers, signal }))
    return undefined
  }
  return holdfast.createQueue({
    name: 'uploads',
    tasks: holdfast.defineTasks({
      upload: holdfast.task<Photo, undefined>({ retry: { baseMs: 20, capMs: 200 } }),
    }),
    handlers: runs ? { upload } : {},
    sync: { url: `${api}/acks`, lingerMs },
    limits,
  })
}
