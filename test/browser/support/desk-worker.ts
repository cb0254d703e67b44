/** A service worker that captures what is written to the API, and runs it when it is told to; as `?hosted`, by its host. */
import { createQueue } from 'holdfast'
import { type CaptureEvent, capture, httpHandler } from 'holdfast/http'
import { attach } from 'holdfast/service-worker'

interface ExtendableEvent extends Event {
  waitUntil(promise: Promise<unknown>): void
}

// As much of a service worker's globals as is used here: the types in force are a page's.
const worker = globalThis as unknown as {
  skipWaiting(): Promise<void>
  readonly clients: { claim(): Promise<void> }
  addEventListener<E>(type: string, listener: (event: E) => unknown): void
}

const queue = createQueue({
  name: 'requests',
  handlers: {
    request: httpHandler({
      headers: async () => ({ Authorization: 'Bearer fresh' }),
      idempotencyHeader: null,
    }),
  },
})

worker.addEventListener<ExtendableEvent>('install', (event) => event.waitUntil(worker.skipWaiting()))
worker.addEventListener<ExtendableEvent>('activate', (event) => event.waitUntil(worker.clients.claim()))
worker.addEventListener<CaptureEvent>(
  'fetch',
  capture({
    queue,
    kind: 'request',
    match: /\/api\//,
    methods: ['POST', 'PUT'],
    dedupeKey: ({ method, url }) => (method === 'PUT' ? url : undefined),
  }),
)
if (new URL(location.href).searchParams.has('hosted')) attach(queue)
worker.addEventListener<ExtendableEvent & MessageEvent>('message', (event) => {
  const [port] = event.ports
  const drained = queue.resume().then(() => queue.drain({ deadlineMs: 20_000 }))
  event.waitUntil(drained.then((result) => port?.postMessage(result)))
})
