import { takeOver } from './messages.ts'
import type { FetchEvent, WorkerScope } from './scope.ts'

/** What the page is made of. */
export interface Shell {
  readonly apiUrl: string
  /** A digest of the files. */
  readonly version: string
  /** Their paths; that of the page is `/`. */
  readonly files: readonly string[]
}

const prefix = 'holdfast-demo shell '

/**
 * Keeps the page's files, those of one version in one cache, and answers with them, so that the page opens without a
 * network. A newer version waits until no tab is open any more, or until a tab says so.
 */
export function keepShell(scope: WorkerScope, { version, files }: Shell): void {
  const name = prefix + version
  scope.addEventListener('install', (event) => event.waitUntil(fill(name, files)))
  scope.addEventListener('activate', (event) => {
    event.waitUntil(Promise.all([dropOthers(name), scope.clients.claim()]))
  })
  scope.addEventListener('message', ({ data }) => {
    if (data === takeOver) void scope.skipWaiting()
  })
  scope.addEventListener('fetch', (event) => {
    const path = pathIn(scope, event)
    if (path !== undefined && files.includes(path)) event.respondWith(answer(name, path, event.request))
  })
}

/** All of them or none: a version of which something is gone by now is not installed. */
async function fill(name: string, files: readonly string[]): Promise<void> {
  const cache = await caches.open(name)
  await cache.addAll(files.map((path) => new Request(path, { cache: 'reload' })))
}

async function dropOthers(name: string): Promise<void> {
  const names = await caches.keys()
  const old = names.filter((each) => each.startsWith(prefix) && each !== name)
  await Promise.all(old.map((each) => caches.delete(each)))
}

function pathIn({ location }: WorkerScope, { request }: FetchEvent): string | undefined {
  const { origin, pathname } = new URL(request.url)
  return origin === location.origin && request.method === 'GET' ? pathname : undefined
}

async function answer(name: string, path: string, request: Request): Promise<Response> {
  const kept = await caches.match(path, { cacheName: name })
  return kept ?? fetch(request)
}
