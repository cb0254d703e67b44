import type { IncomingMessage, ServerResponse } from 'node:http'

const allowed = {
  methods: 'GET, HEAD, POST, OPTIONS',
  // The photos' own, what a page under a service worker adds to them, and those of the acknowledgements.
  headers: 'Authorization, Content-Type, Idempotency-Key, Cache-Control, Holdfast-Previous, Holdfast-Log',
  exposed: 'ETag, Retry-After, Date, Holdfast-Lost',
}

/**
 * Lets the site read what this API answers: it lives on another port, so to a browser it is another origin. With
 * credentials, since the receiver remembers the device's log in a cookie. Returns whether the request was the
 * browser's preflight, and is answered.
 */
export function allowSite(request: IncomingMessage, response: ServerResponse, site: string): boolean {
  response.setHeader('vary', 'Origin')
  if (request.headers.origin === site) {
    response.setHeader('access-control-allow-origin', site)
    response.setHeader('access-control-allow-credentials', 'true')
    response.setHeader('access-control-expose-headers', allowed.exposed)
  }
  if (request.method !== 'OPTIONS') return false
  response.setHeader('access-control-allow-methods', allowed.methods)
  response.setHeader('access-control-allow-headers', allowed.headers)
  response.setHeader('access-control-max-age', '600')
  response.writeHead(204).end()
  return true
}
