import { broke, type Note, survived } from '../contract.ts'
import { putUntilTaken } from '../refusals.ts'

export const secondTab: Note = {
  number: 8,
  name: 'Tabs that are not the leader neither keep nor replay anything; after the leader closes nobody takes over',
  async run(lab) {
    const { server, open, cutNetwork, restoreNetwork, until } = lab
    const [leader, other] = [await open(), await open()]
    await cutNetwork()
    await leader.put({ id: 'of the leader' })
    const ofTheOther = await putUntilTaken(lab, other, 'of the other')
    if (ofTheOther === undefined) {
      return broke('a tab that is not the leader keeps nothing: aloud, and for as long as another one leads')
    }
    await leader.close()
    await restoreNetwork()
    if (!(await until(() => server.applied.includes('of the leader')))) return broke('nobody takes over')
    const isThere = await until(() => server.applied.includes(ofTheOther))
    return isThere ? survived : broke('what a tab took in that is not the leader is lost')
  },
}
