import type { RequestListener } from 'node:http'
import { extname } from 'node:path'
import { bundleSite } from './bundle.ts'
import { problem, type Reply, send } from './reply.ts'

const types: Readonly<Record<string, string>> = {
  '': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
}

/** Serves the page and its service worker, bundled once at the start. */
export async function createSite(apiUrl: string, release: string): Promise<RequestListener> {
  const policy = policyFor(apiUrl)
  const replies = new Map<string, Reply>()
  for (const [path, body] of await bundleSite(apiUrl, release)) {
    const headers = {
      'content-type': types[extname(path)] ?? 'application/octet-stream',
      'content-security-policy': policy,
      'cache-control': 'no-cache',
    }
    replies.set(path, { status: 200, headers, body })
  }
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site')
    send(response, replies.get(pathname) ?? problem(404, 'There is no such page'))
    request.resume()
  }
}

/** Of the page, and of its worker, which sends to the API as well. */
function policyFor(apiUrl: string): string {
  const rules = [
    "default-src 'self'",
    `connect-src 'self' ${apiUrl}`,
    `img-src 'self' blob: data: ${apiUrl}`,
    "base-uri 'none'",
    "object-src 'none'",
  ]
  return rules.join('; ')
}
