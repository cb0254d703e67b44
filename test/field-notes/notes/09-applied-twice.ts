import { broke, type Note, survived } from '../contract.ts'

export const appliedTwice: Note = {
  number: 9,
  name: 'Applied twice after a reload',
  async run({ server, open, cutNetwork, restoreNetwork, sync, until }) {
    const sentOf = (id: string) => server.deliveries.filter((each) => each.id === id)
    const before = await open()
    await cutNetwork()
    await before.put({ id: 'offline', order: 'one' })
    await before.close()
    // In this order: a tab that is being closed takes itself for online again, and may send with its last breath.
    const tab = await open()
    await restoreNetwork()
    if (!(await until(() => server.applied.includes('offline')))) return broke('lost')

    server.answer = ({ id }) => (id === 'unanswered' && sentOf(id).length === 1 ? 'lost' : 200)
    await tab.put({ id: 'unanswered', order: 'one' })
    // So the one before it is over and done with, and the reload cuts off nothing of it.
    if (!(await until(() => sentOf('unanswered').length > 0))) return broke('stuck')
    await tab.reload()
    await sync()
    await until(() => sentOf('unanswered').length > 1)
    // Whatever was still to be sent of those before comes before this one.
    await tab.put({ id: 'last', order: 'one' })
    if (!(await until(() => server.applied.includes('last')))) return broke('stuck')

    if (sentOf('offline').length > 1) return broke('sent twice though the server had answered')
    const keys = new Set(sentOf('unanswered').map(({ key }) => key))
    if (keys.size > 1) return broke('sent again under another key')
    const times = server.applied.filter((id) => id === 'unanswered').length
    return times === 1 ? survived : broke('applied twice')
  },
}
