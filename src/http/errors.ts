import { type Verdict, withVerdict } from '../errors.ts'

/** What a {@link HttpError} tells of the answer. */
export interface HttpErrorFields {
  readonly status: number
  readonly statusText: string
  /** Without credentials, query and fragment, where secrets travel. */
  readonly url: string
  /** The first 500 characters of a body of text or JSON; empty for any other. */
  readonly body: string
  /** What `Retry-After` asked for (milliseconds, at most a day); absent when it asked for nothing. */
  readonly retryAfterMs?: number | undefined
}

/**
 * The server answered, and not with success. Carries the verdict of {@link classify} for the queue.
 *
 * @example
 * ```ts
 * import { HttpError } from 'holdfast/http'
 *
 * const gone = (error: unknown): boolean => error instanceof HttpError && error.status === 410
 * gone(new Error('something else')) // false
 * ```
 */
export class HttpError extends Error implements HttpErrorFields {
  override readonly name = 'HttpError'
  declare readonly status: number
  declare readonly statusText: string
  declare readonly url: string
  declare readonly body: string
  declare readonly retryAfterMs?: number | undefined

  constructor(fields: HttpErrorFields, verdict: Verdict) {
    super(`Request to ${pathOf(fields.url)} failed: ${`${fields.status} ${fields.statusText}`.trim()}`)
    Object.assign(this, fields)
    withVerdict(this, verdict)
  }
}

function pathOf(url: string): string {
  return url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, '') || 'the server'
}

/**
 * No answer came: offline, refused, reset, blocked by CORS, or a request that could not be made. `cause` is what
 * `fetch` threw. The queue probes the connection before it charges the job.
 */
export class NoResponseError extends Error {
  override readonly name = 'NoResponseError'

  constructor(cause: unknown) {
    super('Request failed: no response', { cause })
    withVerdict(this, { type: 'no-response' })
  }
}
