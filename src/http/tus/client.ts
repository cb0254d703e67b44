import { withVerdict } from '../../errors.ts'
import type { JobContext } from '../../types.ts'
import { assertOk } from '../assert-ok.ts'
import { HttpError } from '../errors.ts'
import { headersFrom } from '../handler.ts'
import type { TusOptions } from './options.ts'
import { uncached } from '../../uncached.ts'

/** The protocol's requests, for one attempt. Each is sorted as `assertOk` sorts, but for what is said here. */
export interface Tus {
  /** Creates an upload. Resolves to its URL. */
  create(bytes: number): Promise<string>
  /** How many bytes the server has; `undefined` when it has no such upload. */
  offset(url: string): Promise<number | undefined>
  /** Sends a piece. Resolves to how many bytes the server has then. */
  append(url: string, offset: number, piece: Blob): Promise<number>
  /** Asks the server to forget the upload, for 5 seconds at the most. Never rejects. */
  terminate(url: string): Promise<void>
}

const terminateMs = 5_000

export async function tusClient<Payload>(
  payload: Payload,
  job: JobContext,
  {
    endpoint,
    metadata,
    headers: source,
    fetch = (url, init) => globalThis.fetch(url, init),
  }: TusOptions<Payload>,
): Promise<Tus> {
  const added = await headersFrom(source, payload, job)
  const where = typeof endpoint === 'function' ? endpoint(payload, job) : endpoint

  const ask = (url: string, method: string, more: Readonly<Record<string, string>> = {}, body?: Blob) => {
    const headers = new Headers(added)
    for (const [name, value] of Object.entries({ 'Tus-Resumable': '1.0.0', ...more }))
      headers.set(name, value)
    const init = { ...uncached(), method, headers, body: body ?? null, signal: job.signal }
    return assertOk(fetch(url, init)).catch(unlocked)
  }

  return {
    async create(bytes) {
      const told = metadata ? { 'Upload-Metadata': encoded(metadata(payload)) } : {}
      const answer = await ask(where, 'POST', { 'Upload-Length': String(bytes), ...told })
      const location = answer.headers.get('location')
      if (!location) throw new Error('Cannot upload: the answer to the creation shows no Location')
      const base = new URL(where, globalThis.location?.href)
      return new URL(location, answer.url || base).href
    },
    async offset(url) {
      try {
        return offsetOf(await ask(url, 'HEAD'))
      } catch (error) {
        // Some servers forbid what they do not know.
        if (error instanceof HttpError && [403, 404, 410].includes(error.status)) return undefined
        throw error
      }
    },
    async append(url, offset, piece) {
      const type = { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) }
      return offsetOf(await ask(url, 'PATCH', type, piece))
    },
    async terminate(url) {
      const headers = new Headers(added)
      headers.set('Tus-Resumable', '1.0.0')
      // The job is cancelled whether or not the server hears of it: what is left there expires by its own rules.
      const signal = AbortSignal.timeout(terminateMs)
      await fetch(url, { ...uncached(), method: 'DELETE', headers, signal }).catch(() => undefined)
    },
  }
}

/** Another request, of a holder that is lost perhaps, still has the upload: a matter of time. */
function unlocked(error: unknown): never {
  if (!(error instanceof HttpError) || error.status !== 423) throw error
  throw withVerdict(new Error('Cannot upload: it is locked', { cause: error }), {
    type: 'retry',
    answered: true,
  })
}

function offsetOf({ headers }: Response): number {
  const text = headers.get('upload-offset') ?? ''
  if (/^\d+$/.test(text)) return Number(text)
  throw new Error(`Cannot upload: the answer shows the Upload-Offset "${text}"`)
}

/** `name base64, …`, as the protocol has it. */
function encoded(metadata: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(metadata).map(([name, value]) => {
    const bytes = new TextEncoder().encode(value)
    return `${name} ${btoa(String.fromCharCode(...bytes))}`
  })
  return pairs.join(',')
}
