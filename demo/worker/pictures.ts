import type { FetchEvent, WorkerScope } from './scope.ts'

const name = 'holdfast-demo pictures'

/** What is kept at the most: so many pictures, each of so many bytes. */
const most = 100
const mostBytes = 600_000

/**
 * Keeps the pictures that the server has shown: those of uploads that are done, whose own bytes are freed, are there
 * offline, too. What lies at such an address never changes.
 */
export function keepPictures(scope: WorkerScope, apiUrl: string): void {
  scope.addEventListener('fetch', (event) => {
    const { destination, mode, url } = event.request
    // What is fetched without CORS cannot be read, and takes megabytes of the quota.
    const isPicture = destination === 'image' && mode === 'cors' && url.startsWith(`${apiUrl}/`)
    if (isPicture) event.respondWith(answer(event))
  })
}

async function answer(event: FetchEvent): Promise<Response> {
  const { request } = event
  const cache = await caches.open(name)
  const kept = await cache.match(request, { ignoreVary: true })
  if (kept) return kept
  const response = await fetch(request)
  if (response.ok) event.waitUntil(keep(cache, request, response.clone()))
  return response
}

async function keep(cache: Cache, request: Request, response: Response): Promise<void> {
  try {
    const picture = await response.blob()
    if (picture.size > mostBytes) return
    await cache.put(request, new Response(picture, { headers: response.headers }))
    const kept = await cache.keys()
    await Promise.all(kept.slice(0, -most).map((oldest) => cache.delete(oldest)))
  } catch (error) {
    console.warn('Cannot keep a picture', error)
  }
}
