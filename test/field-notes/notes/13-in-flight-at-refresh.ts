import { broke, type Note, survived } from '../contract.ts'

export const inFlightAtRefresh: Note = {
  number: 13,
  name: 'What was in flight at a refresh is lost',
  async run({ server, open, sync, until }) {
    const tab = await open()
    const held = server.hold('w1')
    // Where the page itself sends, and waits for the answer, the refresh ends this.
    tab.put({ id: 'w1' }).catch(() => undefined)
    if (!(await until(() => held.deliveries.length > 0))) return broke('never sent')
    // Only what is in flight now is cut off.
    server.answer = () => 200
    await tab.reload()
    held.release('cut')
    await until(async () => server.deliveries.length > 1 || sync())
    return (await until(() => server.applied.includes('w1'))) ? survived : broke('lost')
  },
}
