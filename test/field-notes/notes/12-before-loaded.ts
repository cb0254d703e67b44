import { broke, type Note, survived } from '../contract.ts'

export const beforeLoaded: Note = {
  number: 12,
  name: 'Called before storage has loaded, writes are never sent',
  async run({ server, open, cutNetwork, restoreNetwork, until }) {
    const before = await open()
    await cutNetwork()
    await before.put({ id: 'stored' })
    await before.close()
    await open({ early: { id: 'early' } })
    await until(() => server.refused.includes('early'))
    await restoreNetwork()
    if (!(await until(() => server.applied.includes('early'))))
      return broke('put too early, it is lost')
    const isThere = await until(() => server.applied.includes('stored'))
    return isThere ? survived : broke('drained too early, what was stored is not sent')
  },
}
