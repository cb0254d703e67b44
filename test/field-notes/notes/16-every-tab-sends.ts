import { setTimeout } from 'node:timers/promises'
import { broke, type Note, survived } from '../contract.ts'

export const everyTabSends: Note = {
  number: 16,
  name: 'Every open tab sends its own copy',
  async run(lab) {
    const { server } = lab
    const tabs = [await lab.open(), await lab.open(), await lab.open()]
    // Long enough for whoever wants to send what is on its way already.
    server.answer = () => setTimeout(250, 200)
    await lab.cutNetwork()
    const ids = ['one', 'two', 'three', 'four', 'five', 'six']
    for (const id of ids) await tabs[0]?.put({ id })
    // On its way until every tab was told that there is a network: how soon each is, depends on the machine.
    const held = server.hold()
    await lab.restoreNetwork()
    await lab.until(() => held.deliveries.length > 0)
    held.release()
    if (!(await lab.until(() => ids.every((id) => server.applied.includes(id))))) {
      return broke('not everything is sent once the network is back')
    }
    for (const [index, tab] of tabs.entries()) await tab.put({ id: `last of ${index}` })
    if (
      !(await lab.until(() => server.applied.filter((id) => id.startsWith('last')).length >= tabs.length))
    ) {
      return broke('a tab sends nothing any more')
    }
    const most = Math.max(...ids.map((id) => server.deliveries.filter((each) => each.id === id).length))
    return most === 1 ? survived : broke('three tabs send one write more than once')
  },
}
