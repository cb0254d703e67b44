import { broke, type Note, survived } from '../contract.ts'

export const secondTab: Note = {
  number: 8,
  name: 'Tabs that are not the leader neither keep nor replay anything; after the leader closes nobody takes over',
  async run({ server, open, cutNetwork, restoreNetwork, until }) {
    const [leader, other] = [await open(), await open()]
    await cutNetwork()
    await leader.put({ id: 'of the leader' })
    const isKept = await other.put({ id: 'of the other' }).then(
      () => true,
      () => false,
    )
    if (!isKept) return broke('a tab that is not the leader keeps nothing')
    await leader.close()
    await restoreNetwork()
    if (!(await until(() => server.applied.includes('of the leader')))) return broke('nobody takes over')
    const isThere = await until(() => server.applied.includes('of the other'))
    return isThere ? survived : broke('what a tab took in that is not the leader is lost')
  },
}
