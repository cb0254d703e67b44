import { broke, type Note, survived } from '../contract.ts'

export const slowConfirmation: Note = {
  number: 10,
  name: 'Waiting for the server’s confirmation inside the serial loop gives one write per ten seconds',
  async run({ server, open, cutNetwork, restoreNetwork, until }) {
    const tab = await open()
    await cutNetwork()
    const others = ['w2', 'w3', 'w4']
    for (const id of ['w1', ...others]) await tab.put({ id })
    const held = server.hold('w1')
    await restoreNetwork()
    if (!(await until(() => held.deliveries.length > 0))) return broke('never sent')
    const areThere = await until(() => others.every((id) => server.applied.includes(id)))
    held.release()
    return areThere ? survived : broke('while one write is not confirmed, none follows')
  },
}
