/**
 * What keeps a request from caches, and from a service worker's `capture`. Where there is no location there is no such
 * cache, and some platforms refuse to hear of it.
 */
export const uncached = (): RequestInit => ('location' in globalThis ? { cache: 'no-store' } : {})
