import type { PhotoQueue } from '../queue.ts'
import { isWoken, run } from './background.ts'
import { createDevicePanel, type Device } from './device.ts'
import { offerInstall } from './install.ts'
import type { Model } from './model.ts'
import { prepareOffline } from './offline.ts'
import { watchUpdates } from './updates.ts'
import type { Voice } from './verbs.ts'

/** How often the browser is asked at the most (milliseconds). */
const pauseMs = 1_000

/**
 * Makes an application of the page: it opens offline, goes on in the background, is installed and updated. Runs the
 * queue. Returns what shows how far that is; `changed` is called when there is something else to show.
 */
export function startApplication(
  queue: PhotoQueue,
  voice: Voice,
  changed: () => void,
): (model: Model) => void {
  const offline = prepareOffline(changed)
  const host = run(queue, offline.registration, voice.fault)
  const draw = createDevicePanel(() => persist().catch(voice.fault))
  const isInstalled = offerInstall(changed, voice.fault)
  let [isSent, isPersistent] = [false, false]
  let lookedAt = Number.NEGATIVE_INFINITY

  async function look(): Promise<void> {
    const seen = [await isWoken(host), (await navigator.storage?.persisted?.()) ?? false] as const
    if (seen[0] === isSent && seen[1] === isPersistent) return
    ;[isSent, isPersistent] = seen
    changed()
  }

  async function persist(): Promise<void> {
    const isGranted = await host.persist()
    if (!isGranted)
      voice.fault(new Error('The browser does not promise that. It may once the page is installed'))
    await look()
  }

  offline.registration
    .then((registration) => {
      if (registration) watchUpdates(registration)
    })
    .catch(voice.fault)
  return (model) => {
    const device: Device = {
      readiness: offline.readiness,
      isInstalled: isInstalled(),
      isWoken: isSent,
      isPersistent,
    }
    draw(device, model)
    if (performance.now() - lookedAt < pauseMs) return
    lookedAt = performance.now()
    look().catch(voice.fault)
  }
}
