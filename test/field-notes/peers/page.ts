/** What every peer's page script ends with. */
import { contentOf } from '../content.ts'
import type { Outbox, Place, Write } from '../contract.ts'

declare global {
  /** The peer under test. */
  var outbox: Outbox
  /** What became of the early put so far: `pending`, `kept`, or why it was refused. */
  var early: string
}

/**
 * Offers the outbox to the tests. Where the page was asked to, it opens it at once, puts a first write in, and has all be
 * sent, in one turn.
 */
export function offer(outbox: Outbox): void {
  globalThis.outbox = outbox
  const query = new URLSearchParams(location.search)
  const early = query.get('early')
  if (early === null) return
  // Once: a reload is to be an ordinary visit.
  history.replaceState(null, '', '/')
  const opened = outbox.open({ place: query.get('place') as Place })
  globalThis.early = 'pending'
  const put = outbox.put(JSON.parse(early) as Write).then(
    () => 'kept',
    (reason: unknown) => String(reason),
  )
  const told = put.then((outcome) => {
    globalThis.early = outcome
  })
  Promise.all([opened, told, outbox.drain?.()]).catch(reportError)
}

/** Where a write goes, and what is sent of it. */
export const urlOf = ({ id }: Pick<Write, 'id'>): string => `/api/writes?id=${encodeURIComponent(id)}`
export const bodyOf = ({ id, text = id, bytes }: Write): Blob | string =>
  bytes === undefined ? text : new Blob([contentOf(bytes)])

/** The page's service worker, once it answers for the page's own requests. */
export async function controlledBy(script: string): Promise<ServiceWorkerRegistration> {
  const { serviceWorker } = navigator
  const controlled = new Promise((resolve) => {
    serviceWorker.addEventListener('controllerchange', resolve, { once: true })
  })
  await serviceWorker.register(script)
  const registration = await serviceWorker.ready
  if (!serviceWorker.controller) await controlled
  return registration
}
