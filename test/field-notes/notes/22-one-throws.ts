import { broke, type Note, survived } from '../contract.ts'

export const oneThrows: Note = {
  number: 22,
  name: 'One throwing item poisons the whole queue',
  async run(lab) {
    const { server } = lab
    const tab = await lab.open()
    await lab.cutNetwork()
    const others = ['before it', 'behind it', 'last']
    server.answer = ({ id }) => (id === 'poison' ? 'cut' : 200)
    for (const id of ['before it', 'poison', 'behind it', 'last']) await tab.put({ id })
    await lab.restoreNetwork()
    const isThrough = await lab.until(async () => {
      await lab.sync()
      return others.every((id) => server.applied.includes(id))
    })
    if (!isThrough) return broke('one write that fails holds up all behind it')
    server.answer = () => 200
    const isThere = await lab.until(async () => {
      await lab.sync()
      return server.applied.includes('poison')
    })
    return isThere ? survived : broke('the one that failed is not tried again')
  },
}
