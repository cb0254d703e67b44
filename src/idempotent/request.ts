/**
 * A request whose body is already here. It had to be read for the fingerprint, and a handler inside a synchronous
 * transaction could not wait for it.
 */
export interface KeyedRequest {
  /** The key, without quotes; `undefined` where a request may go without one. */
  readonly key: string | undefined
  /** Whose request it is; `''` where nobody is told apart. */
  readonly principal: string
  readonly method: string
  readonly url: string
  readonly headers: Headers
  /** The body. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The body as text in UTF-8. */
  text(): string
  /** The body as parsed JSON. @throws SyntaxError when it is none. */
  json(): unknown
  /** The request anew, its body unread: for `formData()` in an asynchronous handler, or in `prepare`. */
  toRequest(): Request
}

export function keyedRequest(
  request: Request,
  bytes: Uint8Array<ArrayBuffer>,
  id: { readonly key: string | undefined; readonly principal: string },
): KeyedRequest {
  const { method, url, headers } = request
  const text = (): string => new TextDecoder().decode(bytes)
  return {
    ...id,
    method,
    url,
    headers,
    bytes,
    text,
    json: () => JSON.parse(text()),
    toRequest: () => new Request(url, { method, headers, body: bytes.length > 0 ? bytes : null }),
  }
}
