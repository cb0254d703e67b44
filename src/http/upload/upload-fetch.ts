import type { Send } from '../handler.ts'

/** Answers that have no body, not even an empty one. */
const bodiless = [204, 205, 304]

/**
 * Sends as `fetch` does, and tells how much of the body is on its way, where the platform can: in pages and dedicated
 * workers, by `XMLHttpRequest`. In service workers and outside of browsers, and for what it cannot express (`redirect`
 * and `mode` other than the usual, `credentials: 'omit'`, `integrity`, `referrerPolicy`), it is `fetch`, and tells
 * nothing. To another origin it always costs a preflight, which has to allow `Cache-Control` in workers, and where a
 * service worker controls the page.
 *
 * @example
 * ```ts
 * import { httpHandler } from 'holdfast/http'
 * import { uploadFetch } from 'holdfast/http/upload'
 *
 * const upload = httpHandler({ fetch: uploadFetch }) // the job's progress: { sentBytes, totalBytes }
 * console.log(typeof upload) // function
 * ```
 */
export const uploadFetch: Send = (url, init, onUpload) => {
  const { redirect = 'follow', mode = 'cors', credentials, integrity, referrerPolicy, body } = init
  const isUsual = redirect === 'follow' && mode === 'cors' && !integrity && !referrerPolicy
  const isPlain = isUsual && credentials !== 'omit' && !(body instanceof ReadableStream)
  if (!('XMLHttpRequest' in globalThis) || !isPlain || !body) return fetch(url, init)
  return byXhr(url, init, body, onUpload)
}

function byXhr(
  url: string,
  { method = 'GET', headers, signal, credentials }: RequestInit,
  body: XMLHttpRequestBodyInit,
  onUpload: Parameters<Send>[2],
): Promise<Response> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const xhr = new XMLHttpRequest()
    const abort = (): void => {
      xhr.abort()
      reject(signal?.reason)
    }
    xhr.open(method, url)
    xhr.responseType = 'blob'
    xhr.withCredentials = credentials === 'include'
    for (const [name, value] of new Headers(headers)) xhr.setRequestHeader(name, value)
    // It has no cache mode, by which a service worker's `capture` would know that this is a replay.
    // Workers cannot tell whether there is one.
    if (typeof document === 'undefined' || navigator.serviceWorker?.controller)
      xhr.setRequestHeader('Cache-Control', 'no-store')
    xhr.upload.onprogress = ({ loaded, total }) => onUpload(loaded, total)
    // What cannot be made an answer of rejects.
    xhr.onload = () => resolve(Promise.resolve(xhr).then(answerOf))
    xhr.onerror = () => reject(new TypeError('The request failed'))
    xhr.onloadend = () => signal?.removeEventListener('abort', abort)
    signal?.addEventListener('abort', abort)
    xhr.send(body)
  })
}

function answerOf(xhr: XMLHttpRequest): Response {
  const { status, statusText, responseURL } = xhr
  const lines = xhr
    .getAllResponseHeaders()
    .trim()
    .split(/[\r\n]+/)
  const headers = lines.filter(Boolean).map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  const body: Blob | null = bodiless.includes(status) ? null : xhr.response
  const response = new Response(body, { status, statusText, headers })
  // What is made by hand has none.
  return Object.defineProperty(response, 'url', { value: responseURL })
}
