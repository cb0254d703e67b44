import { broke, type Lab, type Note, type Place, survived, type Verdict } from '../contract.ts'

async function playIn(lab: Lab, place: Place): Promise<Verdict> {
  const { server } = lab
  const id = `from the ${place}`
  const tab = await lab.open({ place })
  await lab.cutNetwork()
  await tab.put({ id })
  const held = server.hold(id)
  await lab.restoreNetwork()
  if (!(await lab.until(() => held.deliveries.length > 0))) return broke('never sent again')
  await lab.killSender(tab)
  held.release('cut')
  const heir = place === 'page' ? await lab.open({ place }) : tab
  if (heir === tab) await tab.reload()
  await lab.sync()
  const isThere = await lab.until(() => server.applied.includes(id))
  await heir.close()
  return isThere ? survived : broke('lost: deleted before it was sent')
}

export const killedInMidSend: Note = {
  number: 1,
  name: 'The job is deleted before it is sent; the worker dies; it is lost',
  async run(lab) {
    for (const place of lab.peer.places) {
      const verdict = await playIn(lab, place)
      if (verdict.is !== 'survived') return verdict
    }
    return survived
  },
}
