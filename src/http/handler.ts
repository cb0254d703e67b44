import { refuseUnknown } from '../errors.ts'
import type { JobContext } from '../types.ts'
import { answerOf, type AssertOkOptions, judged } from './assert-ok.ts'
import type { RequestPayload } from './payload.ts'
import { uncached } from '../uncached.ts'

/** As `fetch` takes them; the name that the DOM has for it is not known where there is only Node. */
type HeadersGiven = NonNullable<RequestInit['headers']>

/** Headers, or what computes them before each attempt. */
export type HeadersSource<Payload> =
  | HeadersGiven
  | ((payload: Payload, job: JobContext) => HeadersGiven | Promise<HeadersGiven>)

/** What sends a request: `fetch`, or what tells, too, how much of the body is sent. */
export type Send = (
  url: string,
  init: RequestInit,
  onUpload: (sentBytes: number, totalBytes: number) => void,
) => Promise<Response>

/** What is to become of a job that got this answer; `undefined`: what {@link assertOk} says. */
export type Acceptance = 'complete' | 'retry' | 'fatal' | undefined

/** What {@link httpHandler} makes. */
export type HttpHandler<Result> = (payload: RequestPayload, job: JobContext) => Promise<Result>

/** Options of {@link httpHandler}. */
export interface HttpHandlerOptions<Result> extends AssertOkOptions {
  /**
   * Added to the kept ones, and in their place: authorization, CSRF tokens, whatever must be fresh. A function is
   * called before each attempt.
   */
  readonly headers?: HeadersSource<RequestPayload>
  /**
   * The header that gets `job.idempotencyKey`, which is the same at every attempt; `null`: none. One that was kept
   * stays, and what {@link capture} tried goes by the header and key of its first try (`payload.knownAs`). Another
   * origin must list it in `Access-Control-Allow-Headers`.
   *
   * @default 'Idempotency-Key'
   */
  readonly idempotencyHeader?: string | null
  /** Rules that go before those of {@link assertOk}. Read the body of a `clone()`. */
  readonly accept?: (response: Response) => Acceptance | Promise<Acceptance>
  /**
   * The job's result, from an answer that completes it: JSON. Without it, and with an answer's body unread, the result
   * is `undefined`. What it throws fails the attempt, although the server did its part.
   */
  readonly result?: (response: Response, job: JobContext) => Result | Promise<Result>
  /** @default globalThis.fetch */
  readonly fetch?: Send
}

/**
 * A handler that sends the request its job keeps. `job.signal` aborts it. Where {@link Send} tells of the upload, so
 * does the job's progress: `{ sentBytes, totalBytes }`.
 *
 * Every request is sent with `cache: 'no-store'` in pages and their workers: no old answer counts, and a service
 * worker's {@link capture} knows it by that, and leaves it alone.
 *
 * @throws TypeError for an option that there is not.
 * @example
 * ```ts
 * import { createQueue, memoryStore } from 'holdfast'
 * import { httpHandler } from 'holdfast/http'
 *
 * const user = { token: async () => 'secret' }
 * const queue = createQueue({
 *   name: 'comments',
 *   store: memoryStore(),
 *   handlers: {
 *     comment: httpHandler({
 *       headers: async () => ({ Authorization: `Bearer ${await user.token()}` }),
 *       accept: ({ status }) => (status === 409 ? 'complete' : undefined), // it is there already
 *       result: async (response): Promise<{ id: string }> => response.json(),
 *     }),
 *   },
 * })
 * await queue.close()
 * ```
 */
export function httpHandler(
  options?: HttpHandlerOptions<undefined> & { readonly result?: never },
): HttpHandler<undefined>
export function httpHandler<Result>(
  options: HttpHandlerOptions<Result> & Required<Pick<HttpHandlerOptions<Result>, 'result'>>,
): HttpHandler<Result>
export function httpHandler(options: HttpHandlerOptions<unknown> = {}): HttpHandler<unknown> {
  const own = ['headers', 'idempotencyHeader', 'accept', 'result', 'fetch']
  refuseUnknown('options', options, [...own, 'now', 'excerptMs'])
  return async (payload, job) => {
    const { accept, result, fetch: send = globalThis.fetch } = options
    const told = (sentBytes: number, totalBytes: number): void => job.progress({ sentBytes, totalBytes })
    const init = await initOf(payload, job, options)
    const answer = await answerOf(send(payload.url, init, told))
    const rule = await accept?.(answer)
    if (rule !== 'complete') await judged(answer, options, rule)
    if (result) return result(answer, job)
    // The status said all. Calling the rest off may fail, or, of a body that was cloned, take for ever.
    answer.body?.cancel().catch(() => undefined)
    return undefined
  }
}

async function initOf(
  payload: RequestPayload,
  job: JobContext,
  { headers: source, idempotencyHeader = 'Idempotency-Key' }: HttpHandlerOptions<unknown>,
): Promise<RequestInit> {
  const { url: _, headers: kept, body = null, knownAs, ...settings } = payload
  // From the disk, and looked at by the schema of such payloads.
  const headers = new Headers(kept as [string, string][])
  const own = job.idempotencyKey
  const [header, key = own] = knownAs ?? [idempotencyHeader]
  // From its second revision on it is another request than the one that was tried by that key.
  if (header !== null && !headers.has(header)) headers.set(header, own.endsWith('-1') ? key : own)
  for (const [name, value] of await headersFrom(source, payload, job)) headers.set(name, value)
  return { ...settings, ...uncached(), headers, body, signal: job.signal }
}

/** What a source of headers has for this attempt. */
export async function headersFrom<Payload>(
  source: HeadersSource<Payload> | undefined,
  payload: Payload,
  job: JobContext,
): Promise<Headers> {
  return new Headers(typeof source === 'function' ? await source(payload, job) : source)
}
