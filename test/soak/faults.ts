import type { Target } from './browser.ts'
import type { Draws } from './draw.ts'
import type { Fault, FaultKind } from './record.ts'
import type { Scene } from './scene.ts'
import { pause, until } from './until.ts'

/** Does it, lets it last, and has everything as before. Resolves to what it was, or to why it came to nothing. */
type Deed = (scene: Scene, draw: Draws) => Promise<Omit<Fault, 'kind'> | string>

export const deeds: Readonly<Record<FaultKind, Deed>> = {
  crash: async (scene, draw) => {
    const tab = draw.oneOf(scene.tabs)
    const { crashed } = scene.browser
    const before = crashed.length
    const fault = order(scene, [tab], 'dies')
    // Never answered: whoever would answer is gone.
    tab.send('Page.crash').catch(() => undefined)
    await until('a tab has crashed', () => crashed.some(({ target }) => target === tab))
    const done = fault()
    await scene.browser.close(tab)
    await replace(scene, tab)
    const others = crashed.slice(before).filter(({ target }) => target !== tab)
    for (const { target } of others) if (scene.tabs.includes(target)) await replace(scene, target)
    const names = others.map(({ context }) => context)
    for (const name of names) scene.record.deadAt.set(name, done.from)
    return { ...done, contexts: new Set([...done.contexts, ...names]) }
  },
  close: async (scene, draw) => {
    const tab = draw.oneOf(scene.tabs)
    const fault = order(scene, [tab], 'dies')
    await scene.browser.close(tab)
    const done = fault()
    await replace(scene, tab)
    return done
  },
  'worker stop': async (scene) => {
    const { workers, overseer } = scene.browser
    await until('a worker runs', () => workers.isRunning)
    const { stops } = workers
    const fault = order(scene, workersOf(scene), 'dies')
    await overseer.send('ServiceWorker.stopAllWorkers')
    await until('the worker is gone', () => workers.stops > stops)
    return fault()
  },
  freeze: async (scene, draw) => {
    const tab = draw.oneOf(scene.tabs)
    const context = scene.contextOf(tab)
    // A tab in front is not frozen.
    await front(scene, tab, draw)
    const since = Date.now()
    const fault = order(scene, [tab])
    await tab.send('Page.setWebLifecycleState', { state: 'frozen' })
    await until('a tab is frozen', () => scene.hasTold(context, 'freeze', since))
    const done = fault()
    await last(draw)
    await tab.send('Page.setWebLifecycleState', { state: 'active' })
    await until('a tab is thawed', () => scene.hasTold(context, 'resume', since))
    return done
  },
  'back/forward': async (scene, draw) => {
    const tab = draw.oneOf(scene.tabs)
    const context = scene.contextOf(tab)
    const since = Date.now()
    const fault = order(scene, [tab])
    const { currentIndex, entries } = await tab.send('Page.getNavigationHistory')
    const url = `${scene.site.url}/elsewhere`
    await tab.send('Page.navigate', { url })
    // What the page tells now is heard when it is back.
    await until('a tab is elsewhere', async () => {
      // In between it is nowhere.
      const now = await tab.send('Page.getNavigationHistory').catch(() => undefined)
      return now?.entries[now.currentIndex]?.url === url
    })
    const done = fault()
    await last(draw)
    await tab.send('Page.navigateToHistoryEntry', { entryId: entries[currentIndex]?.id ?? 0 })
    const isBack = (): boolean => scene.hasTold(context, 'pageshow persisted', since)
    await until('a tab is back', () => isBack() || scene.hasTold(scene.contextOf(tab), 'ready', since))
    if (isBack()) return done
    // The browser did not keep it: a tab was closed, and another opened.
    scene.record.deadAt.set(context, done.from)
    scene.record.faults.push({ ...done, kind: 'close' })
    return tab.refusal
  },
  cut: async (scene, draw) => {
    const since = Date.now()
    const fault = order(scene, everybody(scene))
    await scene.browser.cut(true)
    const done = fault()
    await last(draw)
    await scene.browser.cut(false)
    const isNoticed = scene.tabs.some((tab) => scene.hasTold(scene.contextOf(tab), 'offline', since))
    return isNoticed ? done : 'no tab noticed'
  },
  down: async (scene, draw) => {
    const { server } = scene
    const variant = draw.oneOf(['unavailable', 'refusing', 'losing answers'] as const)
    const before = server.struck
    // Who loses an answer is on record, answer by answer; being told 503 interrupts nobody.
    const fault = order(scene, variant === 'refusing' ? everybody(scene) : [])
    if (variant === 'refusing') await server.stop()
    else server.health = variant
    const done = fault()
    await last(draw)
    if (variant === 'refusing') await server.start()
    else server.health = 'well'
    return variant === 'refusing' || server.struck > before ? { ...done, variant } : 'nobody asked the server'
  },
  kill: async (scene) => {
    const fault = order(scene, everybody(scene), 'dies')
    await scene.browser.kill()
    const done = fault()
    await scene.restart()
    scene.tabs.length = 0
    for (let count = 0; count < 3; count++) scene.tabs.push(await scene.open('produces'))
    return done
  },
}

/** Whoever is hit, from now on; what is returned ends it. */
export function order(scene: Scene, targets: readonly Target[], fate?: 'dies'): () => Omit<Fault, 'kind'> {
  const from = Date.now()
  const names = targets.flatMap(({ contexts }) => contexts)
  const { deadAt } = scene.record
  if (fate === 'dies') for (const name of names) deadAt.set(name, deadAt.get(name) ?? from)
  return () => ({
    from,
    until: Date.now(),
    contexts: new Set(names),
    variant: undefined,
  })
}

function workersOf({ browser }: Scene): Target[] {
  return [...browser.targets.values()].filter(({ type }) => type === 'service_worker')
}

function everybody(scene: Scene): Target[] {
  return [...scene.tabs, ...workersOf(scene)]
}

async function replace(scene: Scene, tab: Target): Promise<void> {
  scene.tabs.splice(scene.tabs.indexOf(tab), 1, await scene.open('produces'))
}

/** Has any other tab in front. */
async function front(scene: Scene, tab: Target, draw: Draws): Promise<void> {
  await draw.oneOf(scene.tabs.filter((each) => each !== tab)).send('Page.bringToFront')
}

/** From one to five seconds. */
function last(draw: Draws): Promise<void> {
  return pause(1_000 + draw.upTo(4_000))
}
