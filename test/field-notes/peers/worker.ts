/** As much of a service worker's globals as the peers' workers use: the types in force are a page's. */
export interface WorkerEvent extends Event {
  readonly request: Request
  readonly data: unknown
  readonly ports: readonly MessagePort[]
  waitUntil(promise: Promise<unknown>): void
  respondWith(response: Promise<Response>): void
}

export interface WorkerScope {
  skipWaiting(): Promise<void>
  readonly clients: { claim(): Promise<void> }
  addEventListener(type: string, listener: (event: WorkerEvent) => unknown): void
}

export const scope: WorkerScope = globalThis as unknown as WorkerScope

/** Has the worker answer for pages from their first visit on. */
export function takeOver(): void {
  scope.addEventListener('install', (event) => event.waitUntil(scope.skipWaiting()))
  scope.addEventListener('activate', (event) => event.waitUntil(scope.clients.claim()))
}
