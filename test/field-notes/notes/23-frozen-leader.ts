import { broke, type Note, survived } from '../contract.ts'

export const frozenLeader: Note = {
  number: 23,
  name: 'The leader tab is frozen and nobody else works: holding a lock is not being alive',
  async run(lab) {
    const { server } = lab
    const leader = await lab.open()
    await leader.put({ id: 'first' })
    if (!(await lab.until(() => server.applied.includes('first')))) return broke('nothing is sent')
    const held = server.hold('in its hands')
    // Where the write goes straight to the server, its put lasts until the server has answered.
    leader.put({ id: 'in its hands' }).catch(() => undefined)
    if (!(await lab.until(() => held.deliveries.length > 0))) return broke('nothing is sent')
    const other = await lab.open()
    // With nothing in hand but this: a page that is frozen within a transaction is another matter, and a matter of luck.
    await leader.freeze()
    held.release('cut')

    await other.put({ id: 'in another tab' })
    if (!(await lab.until(() => server.applied.includes('in another tab')))) {
      return broke('no other tab sends while the first one is frozen')
    }
    const isTakenOver = await lab.until(async () => {
      await lab.sync()
      return server.applied.includes('in its hands')
    })
    return isTakenOver ? survived : broke('what the frozen tab was sending is never sent')
  },
}
