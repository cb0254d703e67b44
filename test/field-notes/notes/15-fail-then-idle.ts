import { broke, type Note, survived } from '../contract.ts'

export const failThenIdle: Note = {
  number: 15,
  name: 'After one failure nothing retries until the next local write: fail, then idle',
  async run({ server, open, until }) {
    const tab = await open()
    server.answer = () => (server.deliveries.length === 1 ? 'cut' : 200)
    await tab.put({ id: 'w1' })
    return (await until(() => server.applied.includes('w1'))) ? survived : broke('after one failure it rests')
  },
}
