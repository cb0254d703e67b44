import { devTools } from '../../browser/support/chromium.ts'
import { broke, type Lab, type Note, survived, type Tab, type Verdict } from '../contract.ts'
import { putUntilTaken } from '../refusals.ts'

/** Keeps every connection that is opened, and closes them all when the page says so; nobody is told. */
const spoiler = `{
  const { open } = IDBFactory.prototype
  const connections = []
  IDBFactory.prototype.open = function (...given) {
    const request = open.apply(this, given)
    request.addEventListener('success', () => connections.push(request.result))
    return request
  }
  addEventListener('message', ({ data }) => {
    if (data === 'cut') for (const connection of connections.splice(0)) connection.close()
  })
}`

const accidents = {
  /** What Safari does to pages in the background: the handle is dead, and says so only when it is used. */
  'the connection is dead': async (tab: Tab) => {
    await tab.page.evaluate(async () => {
      postMessage('cut')
      navigator.serviceWorker.controller?.postMessage('cut')
      await new Promise((resolve) => setTimeout(resolve, 100))
    })
  },
  /** The browser closes it, and throws away what it led to. */
  'the site’s data is cleared': async (tab: Tab) => {
    const session = await devTools(tab.page)
    const origin = new URL(tab.page.url()).origin
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
  },
}

async function putAfter(lab: Lab, tab: Tab, accident: keyof typeof accidents): Promise<Verdict> {
  const { server } = lab
  const before = `before ${server.applied.length}`
  await tab.put({ id: before })
  if (!(await lab.until(() => server.applied.includes(before)))) return broke('nothing is sent')
  await accidents[accident](tab)
  await lab.cutNetwork()
  const id = await putUntilTaken(lab, tab, `after ${before}`)
  if (id === undefined) return broke(`${accident}: every write is refused from then on`)
  await lab.restoreNetwork()
  const isThere = await lab.until(() => server.applied.includes(id))
  return isThere ? survived : broke(`${accident}: a write that was taken in is never sent`)
}

export const deadHandle: Note = {
  number: 19,
  name: 'A dead IndexedDB handle is used for every retry',
  async run(lab) {
    lab.spoil(spoiler)
    const tab = await lab.open()
    for (const accident of ['the connection is dead', 'the site’s data is cleared'] as const) {
      const verdict = await putAfter(lab, tab, accident)
      if (verdict.is !== 'survived') return verdict
    }
    return survived
  },
}
