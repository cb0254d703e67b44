import { broke, type Note, survived } from '../contract.ts'

export const overtaken: Note = {
  number: 5,
  name: 'Something enqueued during a replay reorders the queue',
  async run({ server, open, cutNetwork, restoreNetwork, until }) {
    const tab = await open()
    await cutNetwork()
    for (const id of ['first', 'second']) await tab.put({ id, order: 'one document' })
    const held = server.hold('first')
    await restoreNetwork()
    if (!(await until(() => held.deliveries.length > 0))) return broke('never sent')
    // Where the write goes straight to the server, its put lasts until the server has answered.
    const put = tab.put({ id: 'third', order: 'one document' })
    await until(async () => server.applied.includes('third') || (await isKept(put)))
    held.release()
    await put
    if (!(await until(() => server.applied.length === 3))) return broke('lost')
    const order = server.applied.join(', ')
    return order === 'first, second, third' ? survived : broke(`what is put during a replay overtakes it`)
  },
}

async function isKept(put: Promise<void>): Promise<boolean> {
  const pending = Symbol('pending')
  return (await Promise.race([put, pending])) !== pending
}
