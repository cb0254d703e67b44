import { broke, type Lab, type Note, survived, type Verdict } from '../contract.ts'

/** The network goes and comes back while a page is open, on a platform where no sync ever fires. */
async function withoutSync(lab: Lab, script: string, because: string): Promise<Verdict> {
  lab.spoil(script)
  const tab = await lab.open({ place: lab.background })
  await lab.cutNetwork()
  await tab.put({ id: 'w1' })
  await lab.restoreNetwork()
  const isThere = await lab.until(() => lab.server.applied.includes('w1'))
  return isThere ? survived : broke(because)
}

export const noBackgroundSync: Note = {
  number: 2,
  name: 'Without Background Sync the queue drains only when the service worker happens to start',
  run: (lab) =>
    withoutSync(
      lab,
      "if ('ServiceWorkerRegistration' in globalThis) delete ServiceWorkerRegistration.prototype.sync",
      'with the page open it waits until its worker happens to be started',
    ),
}

export const disabledBackgroundSync: Note = {
  number: 4,
  name: 'The sync API is present but disabled (WebView, Electron): neither path runs',
  run: (lab) =>
    withoutSync(
      lab,
      "if ('SyncManager' in globalThis) SyncManager.prototype.register = () => " +
        "Promise.reject(new DOMException('Background Sync is disabled.', 'InvalidStateError'))",
      'it takes a sync that is disabled for one that will come, unless told beforehand',
    ),
}
