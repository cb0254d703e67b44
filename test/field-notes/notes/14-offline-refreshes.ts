import { broke, type Note, survived } from '../contract.ts'

const text = 'x'.repeat(20_000)

export const offlineRefreshes: Note = {
  number: 14,
  name: 'Every offline refresh doubles what is stored',
  async run({ peer, server, open, restoreNetwork, until }) {
    const tab = await open()
    // The application itself comes out of a cache.
    server.isDown = true
    const ids = ['w1', 'w2', 'w3']
    for (const id of ids) await tab.put({ id, text })
    const before = await tab.stored()
    for (let refresh = 0; refresh < 10; refresh++) await tab.reload()
    const after = await tab.stored()
    if (after > 2 * before)
      return broke(`${Math.round(after / before)} times as much is stored after ten refreshes`)
    if (peer.lacks.waiting === undefined) {
      const waiting = (await tab.waiting()).join()
      if (waiting !== ids.join()) return broke(`after ten refreshes ${waiting || 'nothing'} waits`)
    }
    await restoreNetwork()
    await until(() => ids.every((id) => server.applied.includes(id)))
    const applied = server.applied.toSorted().join()
    return applied === ids.join() ? survived : broke(`${applied || 'nothing'} is applied`)
  },
}
