import { broke, type Note, survived } from '../contract.ts'

export const superseded: Note = {
  number: 6,
  name: 'A newer PUT should supersede the older one still waiting',
  unsaid: ({ lacks }) => lacks.topic,
  async run({ server, open, cutNetwork, restoreNetwork, until }) {
    const tab = await open()
    await cutNetwork()
    for (const id of ['older', 'newer']) await tab.put({ id, topic: 'one document' })
    await tab.put({ id: 'another' })
    await restoreNetwork()
    const isThere = (id: string) => () => server.applied.includes(id)
    if (!((await until(isThere('newer'))) && (await until(isThere('another'))))) return broke('lost')
    return server.applied.includes('older') ? broke('both are sent') : survived
  },
}
