import { broke, type Note, survived } from '../contract.ts'

export const observed: Note = {
  number: 7,
  name: 'Nobody can observe it without copying the loop',
  async run({ peer, server, open, cutNetwork, restoreNetwork, until }) {
    const blind = peer.lacks.waiting ?? peer.lacks.sent
    if (blind !== undefined) return broke(blind)
    const tab = await open()
    await cutNetwork()
    for (const id of ['w1', 'w2']) await tab.put({ id })
    if ((await tab.waiting()).join() !== 'w1,w2') return broke('it does not show what waits')
    const held = server.hold('w2')
    await restoreNetwork()
    const isTold = (id: string) => async () => (await tab.sent()).includes(id)
    const left = async (): Promise<string> => (await tab.waiting()).join()
    if (!(await until(isTold('w1')))) return broke('it does not tell what got through')
    if (!(await until(async () => (await left()) === 'w2'))) return broke('it does not show what is left')
    held.release()
    if (!(await until(isTold('w2')))) return broke('it does not tell what got through')
    return (await until(async () => (await left()) === ''))
      ? survived
      : broke('it shows what is through as waiting')
  },
}
