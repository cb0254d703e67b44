import type { CDPSession } from 'playwright-core'

/** The browser's view of one origin's service worker. It needs no tab of that origin. */
export interface Workers {
  /** Fires the worker's sync, as the browser does. Resolves to whether there is a worker. */
  sync(tag: string): Promise<boolean>
  /** Stops the worker, whatever it is doing. */
  stop(): Promise<void>
  /** Has the browser forget it: it would run on for as long as somebody watches. */
  forget(): Promise<void>
}

export async function overseeWorkers(session: CDPSession, origin: string): Promise<Workers> {
  let registration: string | undefined
  const running = new Set<string>()
  let dies = Promise.withResolvers<undefined>()
  session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    for (const { scopeURL, registrationId, isDeleted } of registrations) {
      if (scopeURL === `${origin}/`) registration = isDeleted ? undefined : registrationId
    }
  })
  session.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
    for (const { versionId, registrationId, runningStatus } of versions) {
      if (registrationId !== registration) continue
      if (runningStatus !== 'stopped') running.add(versionId)
      else if (running.delete(versionId)) dies.resolve(undefined)
    }
  })
  await session.send('ServiceWorker.enable')
  const stop = async (): Promise<void> => {
    if (running.size === 0) return
    // Told as it happens: a page that is open may have started it again by the next look.
    dies = Promise.withResolvers()
    await session.send('ServiceWorker.stopAllWorkers')
    await dies.promise
  }
  return {
    stop,
    async forget() {
      if (registration === undefined) return
      await session.send('ServiceWorker.unregister', { scopeURL: `${origin}/` })
      await session.send('ServiceWorker.stopAllWorkers')
    },
    async sync(tag) {
      if (registration === undefined) return false
      const options = { origin, registrationId: registration, tag, lastChance: false }
      await session.send('ServiceWorker.dispatchSyncEvent', options)
      return true
    },
  }
}
