import { broke, type Note, survived } from '../contract.ts'

/** A page that is frozen within a transaction holds up all others until Chromium ends it, which takes a minute. */
const thawMs = 90_000

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
    await leader.freeze()
    held.release('cut')

    await other.put({ id: 'in another tab' })
    // The other tab may have tried what was cut, too. That nothing is tried again by itself is another note.
    const isThere = (id: string): Promise<boolean> =>
      lab.until(async () => {
        await lab.nudge(other)
        return server.applied.includes(id)
      }, thawMs)
    if (!(await isThere('in another tab'))) return broke('no other tab sends while the first one is frozen')
    const isTakenOver = await isThere('in its hands')
    return isTakenOver ? survived : broke('what the frozen tab was sending is never sent')
  },
}
