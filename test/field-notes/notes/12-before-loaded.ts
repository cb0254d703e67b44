import { broke, type Note, survived, survivedThough } from '../contract.ts'
import { putUntilTaken } from '../refusals.ts'

export const beforeLoaded: Note = {
  number: 12,
  name: 'Called before storage has loaded, writes are never sent',
  async run(lab) {
    const { peer, server, open, cutNetwork, restoreNetwork, until } = lab
    const before = await open()
    await cutNetwork()
    await before.put({ id: 'stored' })
    await before.close()
    const tab = await open({ early: { id: 'early' } })
    await until(() => server.refused.includes('early'))
    await until(async () => (await tab.early()) !== 'pending')
    const isRefused = !['kept', 'pending'].includes(await tab.early())
    const early = isRefused ? await putUntilTaken(lab, tab, 'early, put again') : 'early'
    if (early === undefined) return broke('put too early, it is refused, and so is all that follows')
    await restoreNetwork()
    if (!(await until(() => server.applied.includes(early)))) return broke('put too early, it is lost')
    const isThere = await until(() => server.applied.includes('stored'))
    if (!isThere) return broke('drained too early, what was stored is not sent')
    if (!isRefused) return survived
    const documented = peer.readiness === undefined ? '' : ` after \`${peer.readiness}\`, as documented,`
    return survivedThough(`put too early, it is refused aloud; put again${documented} it is kept`)
  },
}
