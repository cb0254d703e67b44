import { broke, type Lab, type Note, survived, type Tab } from '../contract.ts'

/** More than any queue should need to give up. */
const maxDeaths = 8

/** Kills whoever sends the poison, again and again. Resolves to how often, and to the tab that is left. */
async function suffer(
  lab: Lab,
  isOver: (tab: Tab) => Promise<boolean>,
): Promise<{ deaths: number; tab: Tab }> {
  const { server } = lab
  let tab = await lab.open()
  server.isDown = true
  for (const id of ['poison', 'one', 'two', 'three']) await tab.put({ id })
  let dies = Promise.withResolvers<'cut'>()
  let isLethal = false
  server.answer = ({ id }) => {
    isLethal ||= id === 'poison'
    return isLethal ? dies.promise : 200
  }
  await lab.restoreNetwork()
  for (let deaths = 0; ; deaths++) {
    const isDue = await lab.until(async () => isLethal || (await isOver(tab)))
    if (!isDue || !isLethal || deaths === maxDeaths) return { deaths, tab }
    await lab.killSender(tab)
    dies.resolve('cut')
    dies = Promise.withResolvers()
    isLethal = false
    if (lab.peer.places[0] === 'page') tab = await lab.open()
    else await tab.reload()
    await lab.sync()
  }
}

export const crashLoop: Note = {
  number: 29,
  name: 'A crash loop on a poison message',
  async run(lab) {
    const { server } = lab
    const isThrough = (): boolean => ['one', 'two', 'three'].every((id) => server.applied.includes(id))
    const isParked = async (tab: Tab): Promise<boolean> =>
      lab.peer.lacks.failures === undefined && (await tab.failures()).some(({ id }) => id === 'poison')
    const { deaths, tab } = await suffer(lab, async (each) => isThrough() && isParked(each))
    if (!isThrough()) return broke('the others are held up by a write that kills')
    if (deaths === maxDeaths) return broke(`${deaths} senders die of one write, and the next one would`)
    if (!(await isParked(tab))) return broke('the write that kills is neither parked nor told of')
    const [failure] = (await tab.failures()).filter(({ id }) => id === 'poison')
    return failure?.reason ? survived : broke('why it is parked is not told')
  },
}
