import { misuse, refuseUnknown } from '../errors.ts'
import type { Schema } from '../types.ts'

/** Spelt out, since not every platform's types have a name for it. */
type Referring =
  | ''
  | 'no-referrer'
  | 'no-referrer-when-downgrade'
  | 'origin'
  | 'origin-when-cross-origin'
  | 'same-origin'
  | 'strict-origin'
  | 'strict-origin-when-cross-origin'
  | 'unsafe-url'

/** A request as a job keeps it. Made by {@link requestPayload}; what is absent is as `fetch` has it by default. */
export interface RequestPayload {
  readonly url: string
  readonly method: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Small text as it is, everything else as its bytes. */
  readonly body?: string | Blob
  readonly credentials?: 'include' | 'omit' | 'same-origin'
  readonly mode?: 'same-origin'
  readonly redirect?: Request['redirect']
  readonly referrerPolicy?: Referring
  readonly integrity?: string
  /**
   * The header and the idempotency key by which `capture` tried it: its replays go by the same. Once another payload took
   * its place, as by `edit`, they have the job's own key in that header.
   */
  readonly knownAs?: readonly [header: string, key: string]
}

/** Options of {@link requestPayload}. */
export interface RequestPayloadOptions {
  /**
   * Headers that are not kept, in the place of those named here: secrets do not belong on a disk, and are old by the time
   * they are sent. Compute them when the job runs. `[]` keeps all.
   *
   * @default ['authorization', 'proxy-authorization', 'cookie', 'x-csrf-token', 'x-xsrf-token']
   */
  readonly omitHeaders?: readonly string[] | undefined
  /** The largest body that is kept. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number | undefined
}

/** What stands in the place of a setting that is not kept: what `fetch` does anyway. */
const defaults: Readonly<
  Record<'credentials' | 'mode' | 'redirect' | 'referrerPolicy' | 'integrity', string[]>
> = {
  credentials: ['same-origin', ''],
  mode: ['cors', 'no-cors', ''],
  redirect: ['follow', ''],
  referrerPolicy: [''],
  integrity: [''],
}

const secrets = ['authorization', 'proxy-authorization', 'cookie', 'x-csrf-token', 'x-xsrf-token']

/** Text of these types and up to this many bytes is kept as text: it can be read, and edited, in a dead letter. */
const textTypes = /^(text\/|application\/([\w.-]+\+)?(json|xml)\b|application\/x-www-form-urlencoded\b)/i
const maxTextBytes = 65_536

/**
 * A request as the payload of a job: method, URL, headers, body, credentials, mode, redirect, referrer policy and
 * integrity. Reads the request's body to its end, as sending it would: give a `clone()` of one that is to be sent, too.
 * Its signal, its cache mode, since no old answer counts for a job, and `keepalive` are not kept.
 *
 * @throws TypeError for a navigation; for a `no-cors` request to another origin, whose answer nobody could judge; and
 * where the body was read already.
 * @throws RangeError when the body is larger than `maxBytes`; an endless stream is one of them.
 * @throws what a streamed body fails with.
 * @example
 * ```ts
 * import { requestPayload } from 'holdfast/http'
 *
 * const body = JSON.stringify({ text: 'Nice!' })
 * const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer secret' }
 * const payload = await requestPayload(new Request('https://example.com/comments', { method: 'POST', headers, body }))
 * console.log(payload.headers) // [["content-type","application/json"]]
 * console.log(payload.body) // {"text":"Nice!"}
 * ```
 */
export async function requestPayload(
  request: Request,
  options: RequestPayloadOptions = {},
): Promise<RequestPayload> {
  refuseUnknown('options', options, ['omitHeaders', 'maxBytes'])
  const { omitHeaders = secrets, maxBytes = 67_108_864 } = options
  if (typeof Object(request).method !== 'string') throw misuse('request', request, 'a Request')
  const { url, method } = request
  const what = `Cannot keep the request ${method} ${new URL(url).pathname}`
  if (request.mode === 'navigate') throw new TypeError(`${what}: it is a navigation`)
  if (request.mode === 'no-cors' && !isOwn(url)) {
    throw new TypeError(`${what}: it is no-cors to another origin, and its answer could not be judged`)
  }
  if (request.bodyUsed) throw new TypeError(`${what}: its body was read already`)
  const body = await bodyOf(request, maxBytes, what)
  const omitted = omitHeaders.map((name) => name.toLowerCase())
  return {
    ...{ url, method },
    headers: [...request.headers].filter(([name]) => !omitted.includes(name)),
    ...(body !== undefined && { body }),
    ...settingsOf(request),
  }
}

/** Whether a URL is of this context's own origin. */
export function isOwn(url: string): boolean {
  return new URL(url).origin === globalThis.location?.origin
}

function settingsOf(request: Request): Partial<RequestPayload> {
  const names = Object.keys(defaults) as (keyof typeof defaults)[]
  const settings = names.map((name) => [name, request[name]] as const)
  // Platforms without a notion of one have no such property.
  const isKept = ([name, value = '']: (typeof settings)[number]) => !defaults[name].includes(value)
  return Object.fromEntries(settings.filter(isKept))
}

async function bodyOf(request: Request, maxBytes: number, what: string): Promise<string | Blob | undefined> {
  const tooLarge = new RangeError(`${what}: its body has more than ${maxBytes} bytes`)
  const blob = await blobOf(request, maxBytes, tooLarge)
  if (blob.size === 0) return undefined
  const isText = textTypes.test(request.headers.get('content-type') ?? '') && blob.size <= maxTextBytes
  return isText ? ((await textOf(blob)) ?? blob) : blob
}

async function blobOf(request: Request, maxBytes: number, tooLarge: RangeError): Promise<Blob> {
  let bytes = 0
  const limit = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) controller.error(tooLarge)
      else controller.enqueue(chunk)
    },
  })
  // Not all engines show a request's body as a stream.
  const reading = request.body ? new Response(request.body.pipeThrough(limit)).blob() : request.blob()
  const blob = await reading.catch((error: unknown) => {
    // Some engines have an error of their own for a stream that failed.
    throw bytes > maxBytes ? tooLarge : error
  })
  if (blob.size > maxBytes) throw tooLarge
  return blob
}

/** The text, if it is UTF-8 and so comes out byte by byte as it went in. */
async function textOf(blob: Blob): Promise<string | undefined> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await blob.arrayBuffer())
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** Refuses, at `enqueue` and before each attempt, what no request can be made of. */
export const requestSchema: Schema<RequestPayload> = {
  '~standard': {
    version: 1,
    vendor: 'holdfast',
    validate(value) {
      const payload: Partial<RequestPayload> = Object(value)
      const wrong = (['url', 'method', 'headers', 'body'] as const).find((name) => !fits(name, payload[name]))
      if (wrong === undefined) return { value: value as RequestPayload }
      return { issues: [{ message: 'is not as requestPayload() makes it', path: [wrong] }] }
    },
  },
}

function fits(name: 'url' | 'method' | 'headers' | 'body', value: unknown): boolean {
  if (name === 'body') return value === undefined || typeof value === 'string' || value instanceof Blob
  if (name === 'method') return typeof value === 'string'
  if (name === 'url') return typeof value === 'string' && isUrl(value)
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2)
}

function isUrl(text: string): boolean {
  try {
    return new URL(text) !== undefined
  } catch {
    return false
  }
}
