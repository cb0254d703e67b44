import { broke, type Note, survived } from '../contract.ts'

export const erasedRecord: Note = {
  number: 11,
  name: 'After retries stop, the next success erases the earlier record',
  async run({ peer, server, open, cutNetwork, restoreNetwork, until }) {
    const tab = await open()
    await cutNetwork()
    await tab.put({ id: 'refused' })
    server.answer = ({ id }) => (id === 'refused' ? 422 : 200)
    await restoreNetwork()
    if (!(await until(() => server.deliveries.some(({ id }) => id === 'refused')))) return broke('never sent')
    await tab.put({ id: 'next' })
    if (!(await until(() => server.applied.includes('next')))) return broke('it wedges the queue')
    await tab.reload()
    const isKnown = async (): Promise<boolean> => {
      const failed = peer.lacks.failures === undefined ? (await tab.failures()).map(({ id }) => id) : []
      const waiting = peer.lacks.waiting === undefined ? await tab.waiting() : []
      return [...failed, ...waiting].includes('refused')
    }
    return (await until(isKnown)) ? survived : broke('what the server refuses is gone without a record')
  },
}
