import type { JobView, QueueEventName } from 'holdfast'
import { attach, type PageHost } from 'holdfast/page'
import { openUploads, type Uploads, type UploadsOptions } from './uploads.ts'

export interface OpenOptions extends UploadsOptions {
  /** The service worker's script; without one the page is alone. */
  readonly worker?: string
  readonly starts?: boolean
  /** Whether it waits for the worker to be active before it attaches the queue. @default true */
  readonly waits?: boolean
  readonly periodicMs?: number
}

/** What tests find in the page, as `hosted`. */
export interface Hosted {
  readonly queue: Uploads
  readonly host: PageHost
  readonly registration: ServiceWorkerRegistration | undefined
  /** Opens the queue, and attaches it. */
  open(options: OpenOptions): Promise<void>
  /** Takes photos in; resolves to their ids. */
  add(count: number, options?: { readonly delayMs?: number }): Promise<string[]>
  jobs(): Promise<readonly JobView[]>
  /** What the queue told of events of one name. */
  told(name: QueueEventName): readonly unknown[]
  /** Names of the page's own events, oldest first. */
  readonly life: readonly string[]
}

declare global {
  var hosted: Hosted
}

const told: { readonly name: QueueEventName; readonly event: unknown }[] = []
const life: string[] = []
let queue: Uploads | undefined
let host: PageHost | undefined
let registration: ServiceWorkerRegistration | undefined

globalThis.hosted = {
  get queue() {
    if (queue === undefined) throw new Error('Cannot use the queue: it is not open')
    return queue
  },
  get host() {
    if (host === undefined) throw new Error('Cannot use the host: the queue is not open')
    return host
  },
  get registration() {
    return registration
  },
  async open({ worker, starts = false, waits = true, periodicMs, ...options }) {
    queue = openUploads(options)
    for (const name of ['reclaimed', 'started', 'warning', 'held', 'completed'] as const) {
      queue.on(name, (event) => told.push({ name, event }))
    }
    const given = worker === undefined ? undefined : navigator.serviceWorker.register(worker)
    if (given !== undefined) registration = waits ? await navigator.serviceWorker.ready : await given
    // As in an application: the store listens to the page before the host does.
    await queue.info()
    const periodic = periodicMs === undefined ? {} : { periodicMs }
    host = attach(queue, { registration, ...periodic })
    if (starts) await queue.start()
    else await queue.info()
  },
  add: (count, options = {}) =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const name = `photo ${index}`
        const { id } = await hosted.queue.enqueue('upload', { name, file: new Blob([name]) }, options)
        return id
      }),
    ),
  jobs: async () => (await hosted.queue.list({ limit: 1_000 })).jobs,
  told: (name) => told.filter((each) => each.name === name).map((each) => each.event),
  life,
}

addEventListener('pagehide', ({ persisted }) => life.push(`pagehide ${persisted}`))
addEventListener('pageshow', ({ persisted }) => life.push(`pageshow ${persisted}`))
for (const name of ['freeze', 'resume']) document.addEventListener(name, () => life.push(name))
