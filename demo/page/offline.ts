/** Whether the page opens without a network. `absent`: not in this browser, or not at this address. */
export type Readiness = 'preparing' | 'ready' | 'failed' | 'absent'

/** The page's service worker. */
export interface Offline {
  readonly readiness: Readiness
  /** Resolves once the worker is active, and so the page is kept; to nothing where there is none. */
  readonly registration: Promise<ServiceWorkerRegistration | undefined>
}

/** Registers the service worker. `changed` is called when it is ready, or will not be. */
export function prepareOffline(changed: () => void): Offline {
  const container: ServiceWorkerContainer | undefined = navigator.serviceWorker
  let readiness: Readiness = container ? 'preparing' : 'absent'

  async function register(): Promise<ServiceWorkerRegistration | undefined> {
    if (container === undefined) return undefined
    try {
      await container.register('/service-worker.js')
      const registration = await container.ready
      readiness = 'ready'
      return registration
    } catch (error) {
      console.warn('The page is not kept for offline use', error)
      readiness = 'failed'
      return undefined
    } finally {
      changed()
    }
  }

  return {
    get readiness() {
      return readiness
    },
    registration: register(),
  }
}
