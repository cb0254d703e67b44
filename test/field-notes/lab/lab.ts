import type { CDPSession } from 'playwright-core'
import type { Chromium } from '../../browser/support/chromium.ts'
import { devTools } from '../../browser/support/chromium.ts'
import type { Lab, Note, Peer, Place, Tab, Verdict } from '../contract.ts'
import { scriptsOf } from './bundle.ts'
import { type Server, startServer } from './server.ts'
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
  const scripts = await scriptsOf(peer.id)
  let spoiler = ''
  const server = await startServer((path) => {
    const script = scripts.get(path)
    return script === undefined
      ? { type: 'text/html', body: html }
      : { type: 'text/javascript', body: `${spoiler}\n${script}` }
  })
  const { lab, close } = await createLab(peer, server, surroundings, (script) => {
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
      server.isDown = false
      await tell(false)
      await lab.sync()
    },
    async sync() {
      if (place !== 'worker' || peer.tag === undefined) return false
      // Where a page can tell, only what is registered fires.
      // The newest: an older one may be frozen, and answer nothing.
      const tab = [...tabs].findLast(({ isAlive }) => isAlive)
      if (tab !== undefined && !(await tab.syncTags()).includes(peer.tag)) return false
      await workers.sync(peer.tag)
      return true
    },
    async killSender(tab: Tab) {
      if (place === 'worker') await workers.stop()
      else await tab.crash()
    },
    async until(condition) {
      const endAt = performance.now() + patienceMs
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
