import type { CDPSession } from 'playwright-core'
import type { Chromium } from '../../browser/support/chromium.ts'
import { devTools } from '../../browser/support/chromium.ts'
import { type Lab, type Note, notSaid, type Peer, type Place, type Tab, type Verdict } from '../contract.ts'
import { scriptsOf } from './bundle.ts'
import { type Server, startServer } from './server.ts'
import { type Syncs, syncTeller, watchSyncs } from './syncs.ts'
import { openTab, type OpenTab } from './tab.ts'
import { overseeWorkers } from './workers.ts'

export interface Surroundings {
  readonly chromium: Chromium
  /** How long to wait for what has to come (milliseconds). */
  readonly patienceMs: number
}

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Field notes</title>
  <script src="/page.js"></script>
</html>
`

/** Plays one note with one peer, on an origin that nobody used before. */
export async function play(note: Note, peer: Peer, surroundings: Surroundings): Promise<Verdict> {
  const unsaid = note.unsaid?.(peer)
  if (unsaid !== undefined) return notSaid(unsaid)
  const scripts = await scriptsOf(peer.id)
  let spoiler = ''
  const syncs = watchSyncs()
  const server = await startServer((path) => {
    syncs.hear(path)
    const script = scripts.get(path)
    if (script === undefined) return { type: 'text/html', body: html }
    const teller = path === '/worker.js' ? syncTeller : ''
    return { type: 'text/javascript', body: `${teller}${spoiler}\n${script}` }
  })
  const { lab, close } = await createLab(peer, server, syncs, surroundings, (script) => {
    spoiler += `;${script};`
  })
  try {
    return await note.run(lab)
  } finally {
    await close()
    await server.close()
  }
}

async function createLab(
  peer: Peer,
  server: Server,
  syncs: Syncs,
  { chromium, patienceMs }: Surroundings,
  spoil: (script: string) => void,
): Promise<{ lab: Lab; close: () => Promise<void> }> {
  const tabs = new Set<OpenTab>()
  const watch = await chromium.context.newPage()
  const session: CDPSession = await devTools(watch)
  const workers = await overseeWorkers(session, server.url)
  let place: Place = peer.places[0]

  const tell = (isOffline: boolean): Promise<unknown> =>
    Promise.all([...tabs].map((tab) => (tab.isAlive ? tab.setOffline(isOffline) : undefined)))

  const lab: Lab = {
    peer,
    server,
    spoil,
    background: peer.places.includes('worker') ? 'worker' : 'page',
    async open(options = {}) {
      place = options.place ?? peer.places[0]
      const tab = await openTab(chromium, server.url, { ...options, place })
      tabs.add(tab)
      return tab
    },
    async cutNetwork() {
      server.isDown = true
      await tell(true)
    },
    async restoreNetwork() {
      // Tabs that were opened meanwhile are to be told as well.
      await lab.cutNetwork()
      // One that the browser fired of its own accord fails without a network: then it is over, and the next is to come.
      await lab.until(() => !syncs.areUnderWay())
      server.isDown = false
      await tell(false)
      await lab.sync()
    },
    async sync() {
      if (place !== 'worker' || peer.tag === undefined) return false
      if (syncs.areUnderWay()) return true
      // Where a page can tell, only what is registered fires.
      // The newest: an older one may be frozen, and answer nothing.
      const tab = [...tabs].findLast(({ isAlive }) => isAlive)
      if (tab !== undefined && !(await tab.syncTags()).includes(peer.tag)) return false
      // The browser has syncs of its own, and one may have begun meanwhile.
      if (!syncs.areUnderWay() && (await workers.sync(peer.tag))) syncs.expect()
      return true
    },
    async nudge(tab) {
      if (!(await lab.sync()) && peer.lacks.drain === undefined) await tab.drain()
    },
    async killSender(tab: Tab) {
      if (place !== 'worker') return tab.crash()
      await workers.stop()
      syncs.forget()
    },
    async until(condition, atLeastMs = 0) {
      const endAt = performance.now() + Math.max(patienceMs, atLeastMs)
      while (performance.now() < endAt) {
        if (await condition()) return true
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      return condition()
    },
  }
  return {
    lab,
    async close() {
      await Promise.all([...tabs].map((tab) => tab.close()))
      await workers.forget()
      await watch.close()
    },
  }
}
