import type { Queue } from 'holdfast'
import { type CaptureEvent, type CaptureQueue, capture } from 'holdfast/http'
import { attach as attachToPage, type PageHost } from 'holdfast/page'
import { attach as attachToWorker } from 'holdfast/service-worker'

/** The hosts of a case's queue, in its page and in a service worker. */
export interface Hosts {
  /** Attaches the queue that was opened last to its page. */
  attach(): PageHost
  /**
   * The same, with a service worker that runs the queue, too: that of this page's folder. Resolves once it handles
   * events. Without `hasSync` neither of them finds Background Sync, whatever the engine has.
   */
  attachWithWorker(options?: { readonly hasSync: boolean }): Promise<PageHost>
  /** The host that was attached last. */
  readonly page: PageHost
}

export function createHosts(queue: () => Queue): Hosts {
  let page: PageHost | undefined
  const attach = (registration?: ServiceWorkerRegistration): PageHost => {
    page = attachToPage(queue(), { registration })
    return page
  }
  return {
    attach: () => attach(),
    async attachWithWorker({ hasSync } = { hasSync: true }) {
      if (!hasSync) loseSync()
      return attach(await registered({ queue: queue().name, hasSync: String(hasSync) }))
    },
    get page() {
      if (page === undefined) throw new Error('No queue was attached')
      return page
    },
  }
}

/** Workers take a queue up in their first turn: listeners that come later are none. So their address has to name it. */
async function registered(words: Record<string, string>): Promise<ServiceWorkerRegistration> {
  const script = `/page.js?${new URLSearchParams(words)}`
  const scope = location.pathname
  const registration = await navigator.serviceWorker.register(script, { scope })
  while (registration.active?.state !== 'activated') await new Promise((resolve) => setTimeout(resolve, 10))
  return registration
}

/** The worker's end. */
export function hostQueue(open: (name: string) => Queue & CaptureQueue<'request'>): void {
  const words = new URLSearchParams(location.search)
  const name = words.get('queue')
  if (name === null) return
  if (words.get('hasSync') === 'false') loseSync()
  const queue = open(name)
  attachToWorker(queue)
  const onFetch = capture({ queue, kind: 'request', match: /\/api\/captured/ })
  addEventListener('fetch', (event) => void onFetch(event as Event & CaptureEvent))
}

function loseSync(): void {
  Reflect.deleteProperty(ServiceWorkerRegistration.prototype, 'sync')
}
