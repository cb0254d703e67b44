import type { AckWishes } from '../machine/decide.ts'

/** The finishes that can be acknowledged. */
export type Finish = 'completed' | 'dead'

/** As `fetch` takes them; the name that the DOM has for it is not known where there is only Node. */
type HeadersGiven = NonNullable<RequestInit['headers']>

/** How finished jobs are told to the application's server. */
export interface SyncOptions {
  /** Where acknowledgements are posted: the URL that `createReceiver` of `holdfast/receiver` is mounted at. */
  readonly url: string
  /**
   * Headers for each request, such as `Authorization`; a function is called before each, and once more when the
   * server answers 401. What it throws, or 30 s without a result, counts as a request that was not answered.
   *
   * @default none
   */
  readonly headers?: HeadersGiven | (() => HeadersGiven | Promise<HeadersGiven>)
  /**
   * Sends a request. Bring one to send cookies to another origin (`credentials: 'include'`), or to go through a
   * binding.
   *
   * @default globalThis.fetch
   */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  /**
   * Which finishes are acknowledged. Read when a job finishes: what finished before is not told afterwards.
   *
   * @default ['completed', 'dead']
   */
  readonly include?: readonly Finish[]
  /**
   * How long a finish waits for others to go in the same request (milliseconds).
   *
   * @default 200
   */
  readonly lingerMs?: number
}

export function lingerMs({ lingerMs = 200 }: Pick<SyncOptions, 'lingerMs'>): number {
  return lingerMs
}

/** Which finishes get a number in the outbox; `outbox` is the id a first outbox gets, minted outside the decision. */
export function wishesOf(options: Pick<SyncOptions, 'include'> | undefined, outbox: string): AckWishes {
  if (options === undefined) return {}
  const { include = ['completed', 'dead'] } = options
  return {
    ...(include.includes('completed') && { completed: outbox }),
    ...(include.includes('dead') && { dead: outbox }),
  }
}
