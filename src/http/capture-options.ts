import type { EnqueueOptions } from '../queue/options.ts'
import type { RequestPayload, RequestPayloadOptions } from './payload.ts'

/** What a service worker's `fetch` event is, as far as `capture` goes. */
export interface CaptureEvent {
  readonly request: Request
  respondWith(response: Promise<Response>): void
  waitUntil(promise: Promise<unknown>): void
}

/** A queue, as far as `capture` goes. */
export interface CaptureQueue<Kind extends string> {
  enqueue(kind: Kind, payload: RequestPayload, options: EnqueueOptions): Promise<{ readonly id: string }>
  list(filter: {
    readonly key: string
    readonly state: 'in-line'
    readonly limit: number
  }): Promise<{ readonly jobs: readonly unknown[] }>
}

/** Options of `capture`. */
export interface CaptureOptions<Kind extends string> extends RequestPayloadOptions {
  readonly queue: CaptureQueue<Kind>
  /** The kind of job that a captured request becomes: one that `httpHandler` runs. */
  readonly kind: Kind
  /** Which requests: a `RegExp` or `URLPattern` for the whole URL, or a function. */
  readonly match: { test(url: string): boolean } | ((request: Request) => boolean)
  /** @default ['POST', 'PUT', 'PATCH', 'DELETE'] */
  readonly methods?: readonly string[]
  /** `always-queue`: the network is not tried first. @default 'network-first' */
  readonly strategy?: 'network-first' | 'always-queue'
  /** Which answers of the network count as none, such as `({ status }) => status >= 500`. @default none */
  readonly failed?: (response: Response) => boolean
  /**
   * Requests of one key keep their order. Each waits for the outcome of those before it in this worker, an answer or a
   * place in the queue, and joins the queue at once while one of them is in it, or is dead and blocks the key (`deadHead`).
   * One that gets no answer within four minutes of its event counts as one that nobody answers, since it holds up the
   * others. Where the queue cannot be looked at, or not within three seconds, nothing is known to be queued, and the
   * network is asked.
   *
   * @default what dedupeKey gives
   */
  readonly key?: (request: Request) => string | undefined
  /** A later request takes the place of an earlier one that still waits (see `onDuplicate`). */
  readonly dedupeKey?: (request: Request) => string | undefined
  /**
   * Any options of the enqueue. `onDuplicate` is `replace` by default; it, `while`, `dedupeMs` and `debounceMaxMs` are left
   * out for a request that has no dedupe key.
   */
  readonly options?: Omit<EnqueueOptions, 'key' | 'dedupeKey'>
  /**
   * The header by which the first try and the job's are known to be the same request: minted where it is not there, and
   * only within the own origin, as another would want to be asked first. `null`: none.
   *
   * @default 'Idempotency-Key'
   */
  readonly idempotencyHeader?: string | null
  /** Called once a request is queued. The event waits for it, its answer does not. */
  readonly onQueued?: (queued: { readonly id: string }, event: CaptureEvent) => unknown
  /**
   * Told of what went wrong and could reject nothing: a queue that could not be looked at, so that the network was asked;
   * a `failed` answer that was handed on, since its request could not be queued.
   *
   * @default reportError, where the platform has it
   */
  readonly onError?: (error: unknown) => void
  /** @default crypto.randomUUID */
  readonly mint?: () => string
}

/** The names of all options. */
export const known: readonly string[] = [
  ...['queue', 'kind', 'match', 'methods', 'strategy', 'failed', 'key', 'dedupeKey', 'options'],
  ...['idempotencyHeader', 'onQueued', 'onError', 'mint', 'omitHeaders', 'maxBytes'],
]
