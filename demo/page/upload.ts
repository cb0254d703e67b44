import type { UploadRequest } from '../contract.ts'

/** How a request is sent. */
export interface SendOptions {
  readonly body: Blob
  readonly signal: AbortSignal
  /** Told the percentage that has been sent. */
  readonly progress: (percent: number) => void
}

/**
 * Posts as `fetch` does, and tells how much is sent, which `fetch` cannot: resolves with any answer, rejects with a
 * TypeError when there is none and with the signal's reason when that aborts.
 */
export function post({ url, headers }: UploadRequest, options: SendOptions): Promise<Response> {
  const { body, signal, progress } = options
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const request = new XMLHttpRequest()
    const abort = (): void => request.abort()
    const settle = (act: () => void) => (): void => {
      signal.removeEventListener('abort', abort)
      act()
    }
    request.open('POST', url)
    request.responseType = 'arraybuffer'
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.addEventListener('progress', ({ loaded, total }) => progress(percentOf(loaded, total)))
    request.addEventListener(
      'load',
      settle(() => resolve(responseOf(request))),
    )
    request.addEventListener(
      'error',
      settle(() => reject(new TypeError('Failed to send'))),
    )
    request.addEventListener(
      'abort',
      settle(() => reject(signal.reason)),
    )
    signal.addEventListener('abort', abort, { once: true })
    request.send(body)
  })
}

function percentOf(loaded: number, total: number): number {
  return total === 0 ? 100 : Math.floor((loaded / total) * 100)
}

function responseOf(request: XMLHttpRequest): Response {
  const { status, statusText, response } = request
  const headers = new Headers()
  for (const line of request
    .getAllResponseHeaders()
    .trim()
    .split(/[\r\n]+/)) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const isEmpty = status === 204 || status === 205 || status === 304
  return new Response(isEmpty ? null : response, { status, statusText, headers })
}
