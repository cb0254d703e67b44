import { attach, type PageHost } from 'holdfast/page'
import type { PhotoQueue } from '../queue.ts'

/**
 * Runs the queue as long as the page is in use: photos under way go back to the line when it goes, uncharged. What is
 * left then is the service worker's, and it is asked to help as soon as nobody looks: phones end such pages without a
 * word.
 */
export function run(
  queue: PhotoQueue,
  registration: Promise<ServiceWorkerRegistration | undefined>,
  failed: (error: unknown) => void,
): PageHost {
  const host = attach(queue, { registration, onError: failed })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') help(queue, host).catch(failed)
  })
  queue.start().catch(failed)
  return host
}

async function help(queue: PhotoQueue, host: PageHost): Promise<void> {
  const { owed } = await queue.info()
  if (owed.here) await host.drain()
}

/** Whether the browser wakes the worker for what is left once the page is closed. */
export async function isWoken({ sync }: PageHost): Promise<boolean> {
  if (sync.state !== 'unknown') return sync.state === 'registered'
  // Nothing was left so far: what the browser would say. The platform's types lack this name, and so do some browsers.
  const name = 'background-sync' as PermissionName
  const permission = await navigator.permissions?.query({ name }).catch(() => undefined)
  return permission?.state === 'granted'
}
