import { order } from './faults.ts'
import { droppedAt } from './oracle/drops.ts'
import type { Look } from './page/page.ts'
import { ask, look, type Scene } from './scene.ts'
import { pause, within } from './until.ts'

/** How long it may take until everything is done, once nothing goes wrong any more (milliseconds). */
const limitMs = 240_000

/**
 * Has everything done that is left: by the tabs that are open, or by the worker alone, whose sync the browser fires. Resolves to
 * what a tab then sees, done or not.
 */
export async function ensureSettled(
  scene: Scene,
  by: 'tabs' | 'worker',
  tell: (line: string) => void,
): Promise<Look> {
  for (const tab of scene.tabs) await ask(tab, 'rest()')
  tell(`enqueued ${scene.record.taken.length}; what is left is for the ${by}`)
  if (by === 'worker') await settleByWorker(scene)
  else await waitForAcks(scene, () => pause(200))
  tell(`acknowledged ${scene.server.acks.length}`)
  const [tab = await scene.open('looks')] = scene.tabs
  let left = await look(tab)
  // The last answer reached its sender, who may be another one.
  for (let tries = 0; !isDone(left) && tries < 300; tries++) {
    await pause(200)
    left = await look(tab)
  }
  return left
}

async function settleByWorker(scene: Scene): Promise<void> {
  const { browser, site, tabs } = scene
  for (const tab of tabs.splice(0)) {
    const fault = order(scene, [tab], 'dies')
    await browser.close(tab)
    scene.record.faults.push({ ...fault(), kind: 'close' })
  }
  const sync = async (): Promise<void> => {
    const registrationId = browser.registrations.get(`${site.url}/`)
    if (registrationId === undefined) throw new Error('Cannot fire a sync: no worker is registered')
    const event = { origin: site.url, registrationId, tag: 'soak', lastChance: false }
    await within('a sync', browser.overseer.send('ServiceWorker.dispatchSyncEvent', event))
    await pause(1_000)
  }
  await waitForAcks(scene, sync)
}

async function waitForAcks({ record, server }: Scene, turn: () => Promise<void>): Promise<void> {
  const endAt = performance.now() + limitMs
  const isMissing = (): boolean => {
    const known = new Set(server.acks.map(({ subject }) => subject))
    const lostAt = droppedAt(record)
    return record.taken.some(({ id, at }) => at > lostAt && !known.has(id))
  }
  while (isMissing() && performance.now() < endAt) await turn()
}

function isDone({ pending, scheduled, running, unsent }: Look): boolean {
  return pending + scheduled + running + unsent === 0
}
