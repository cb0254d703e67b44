import { broke, type Note, survived } from '../contract.ts'

/** Nothing comes by time alone any more: only what is asked for now. */
const noTimers = `{
  const { setTimeout } = globalThis
  globalThis.setTimeout = (work, ms, ...given) => (ms > 50 ? 0 : setTimeout(work, ms, ...given))
}`

export const drainNow: Note = {
  number: 3,
  name: 'Sync fires minutes after the network returned; there is no public way to drain now',
  async run({ peer, server, spoil, open, until }) {
    if (peer.lacks.drain !== undefined) return broke(peer.lacks.drain)
    spoil(noTimers)
    const tab = await open()
    server.isDown = true
    await tab.put({ id: 'w1' })
    await until(() => server.refused.includes('w1'))
    server.isDown = false
    // As often as somebody who waits presses the button.
    const isThere = await until(async () => {
      await tab.drain()
      return server.applied.includes('w1')
    })
    return isThere ? survived : broke('asked to drain, it does not')
  },
}
