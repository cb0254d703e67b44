import { defineTasks, FatalError, type JobContext, type Task, task } from 'holdfast'
import { HttpError } from 'holdfast/http'

/** What is enqueued: the photo itself, and what is to be said of it. */
export interface Photo {
  readonly name: string
  readonly caption: string
  readonly file: Blob
}

/** What an upload results in. */
export interface Uploaded {
  readonly name: string
  readonly caption: string
  readonly bytes: number
  /** The path of the stored photo at the API. */
  readonly path: string
}

/** The kinds of job, as every context that opens the page's queue agrees on them. */
export const tasks: { readonly upload: Task<Photo, Uploaded> } = defineTasks({
  upload: task<Photo, Uploaded>({ retry: { maxAttempts: 8, baseMs: 1_000, capMs: 30_000 }, maxRunning: 3 }),
})

/** A request that may be sent any number of times, and takes effect once. */
export interface UploadRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** How a photo is sent: the job's idempotency key stays the same over all its attempts. */
export function uploadRequest(
  apiUrl: string,
  principal: string,
  photo: Photo,
  job: JobContext,
): UploadRequest {
  const query = new URLSearchParams({ name: photo.name, caption: photo.caption })
  return {
    url: `${apiUrl}/photos?${query}`,
    headers: {
      ...authorization(principal),
      'Content-Type': photo.file.type || 'application/octet-stream',
      'Idempotency-Key': job.idempotencyKey,
    },
  }
}

/** What the job results in, once the API has the photo. */
export function uploaded(principal: string, { name, caption, file }: Photo, job: JobContext): Uploaded {
  return { name, caption, bytes: file.size, path: `/photos/${principal}/${job.idempotencyKey}` }
}

export function authorization(principal: string): Record<string, string> {
  return { Authorization: `Bearer ${principal}` }
}

/** A refusal in the server's own words, for the dead letter; any other error as it is. */
export function explained(error: unknown): unknown {
  if (!(error instanceof HttpError) || error.status !== 422) return error
  return Object.assign(new FatalError(titleOf(error.body), { cause: error }), { status: error.status })
}

function titleOf(body: string): string {
  try {
    const problem: unknown = JSON.parse(body)
    if (typeof problem === 'object' && problem !== null && 'title' in problem) return String(problem.title)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return 'The server refused it'
}
