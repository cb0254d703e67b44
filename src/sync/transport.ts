import { QueueError } from '../errors.ts'
import type { Clock } from '../types.ts'
import type { Batch } from './batch.ts'
import type { SyncOptions } from './options.ts'
import { type Answer, lostHeader, parseAnswer } from './wire.ts'
import { uncached } from '../uncached.ts'

/** How long one request may take, its headers and the answer's body included (milliseconds). */
const requestMs = 30_000

/** More than a receiver ever says, so that no other server's page is read to its end. */
const maxAnswerLength = 4_194_304

/** An answer, and the log that the server missed on this device. */
export interface Reply {
  readonly answer: Answer
  readonly lostLog: string | undefined
}

/** Posts batches. */
export interface Transport {
  /** Rejects with what `headers` or `fetch` threw, with the signal's reason, or with `timeout`. */
  post(batch: Batch, signal: AbortSignal): Promise<Reply>
  /** Sends a request as it is. */
  send(init: RequestInit): Promise<Response>
  /** The user's headers as they last were: for a request that cannot wait for new ones. */
  lastHeaders(): Headers | undefined
}

export function createTransport(options: SyncOptions, clock: Clock): Transport {
  const { url, headers, fetch = (input, init) => globalThis.fetch(input, init) } = options
  let last: Headers | undefined = typeof headers === 'function' ? undefined : new Headers(headers)

  async function exchange(batch: Batch, signal: AbortSignal): Promise<Reply> {
    last = new Headers(typeof headers === 'function' ? await headers() : headers)
    signal.throwIfAborted()
    const response = await fetch(url, {
      ...uncached(),
      method: 'POST',
      headers: withOurs(last, batch),
      body: batch.body,
      // A redirect settles nothing, and must not carry the acknowledgements elsewhere.
      redirect: 'manual',
      signal,
    })
    const answer = parseAnswer(response.status, response.headers, await bodyOf(response), () => clock.now())
    const lostLog = answer.type === 'settled' ? response.headers.get(lostHeader) : null
    return { answer, lostLog: lostLog ?? undefined }
  }

  return {
    post: (batch, signal) => limited((limit) => exchange(batch, limit), clock, signal),
    send: async (init) => fetch(url, init),
    lastHeaders: () => last,
  }
}

/** The user's headers, and those that the wire needs. */
export function withOurs(theirs: Headers, batch: Batch): Headers {
  const headers = new Headers(theirs)
  for (const [name, value] of Object.entries(batch.headers)) headers.set(name, value)
  return headers
}

/** Ends the wait by the clock and by the signal, even if what is waited for heeds neither. */
async function limited<T>(
  begin: (signal: AbortSignal) => Promise<T>,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted()
  const limit = new AbortController()
  const forward = (): void => limit.abort(signal.reason)
  signal.addEventListener('abort', forward, { once: true })
  const message = `Cannot send acknowledgements: no answer within ${requestMs / 1_000} s`
  const cancel = clock.setTimer(() => limit.abort(new QueueError('timeout', message)), requestMs)
  try {
    return await Promise.race([begin(limit.signal), abortOf(limit.signal)])
  } finally {
    cancel()
    signal.removeEventListener('abort', forward)
  }
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** The text of an answer whose body matters. */
async function bodyOf(response: Response): Promise<string> {
  if (response.status === 200 || response.status === 409) return textOf(response)
  // The status said all; whether the rest of the answer can be called off changes nothing.
  response.body?.cancel().catch(() => undefined)
  return ''
}

async function textOf(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done) return text + decoder.decode()
    text += decoder.decode(value, { stream: true })
    if (text.length <= maxAnswerLength) continue
    await reader?.cancel()
    return ''
  }
}
