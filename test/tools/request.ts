import type { IncomingMessage } from 'node:http'

/** What came in over Node's server, as a `Request`; `body` is what was read of it, and counts for a POST. */
export function requestOf(incoming: IncomingMessage, body: Uint8Array): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value))
  const { method = 'GET' } = incoming
  const given = method === 'POST' ? { body: new Uint8Array(body) } : {}
  return new Request(`http://${incoming.headers.host}${incoming.url}`, { method, headers, ...given })
}
