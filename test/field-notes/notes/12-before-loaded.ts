import { broke, type Note, survived } from '../contract.ts'

export const beforeLoaded: Note = {
  number: 12,
  name: 'Called before storage has loaded, writes are never sent',
  async run({ peer, server, open, cutNetwork, restoreNetwork, until }) {
    const before = await open()
    await cutNetwork()
    await before.put({ id: 'stored' })
    await before.close()
    const tab = await open({ early: { id: 'early' } })
    await until(() => server.refused.includes('early'))
    // What is refused aloud was never taken in: the page knows, and may put it again.
    await until(async () => (await tab.early()) !== 'pending')
    const outcome = await tab.early()
    if (outcome !== 'kept' && outcome !== 'pending') {
      const remedy = peer.readiness === undefined ? '' : `; \`${peer.readiness}\` is what to wait for`
      return broke(`put too early, it is refused aloud and not kept${remedy}`)
    }
    await restoreNetwork()
    if (!(await until(() => server.applied.includes('early')))) return broke('put too early, it is lost')
    const isThere = await until(() => server.applied.includes('stored'))
    return isThere ? survived : broke('drained too early, what was stored is not sent')
  },
}
