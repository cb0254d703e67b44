import { broke, type Lab, type Note, survived, type Verdict } from '../contract.ts'

/** The answer to the first is lost, and the one to its replay is that it is there already. */
async function duplicate(lab: Lab): Promise<Verdict | undefined> {
  const { server } = lab
  const tab = await lab.open()
  await lab.cutNetwork()
  let isThere = false
  server.answer = ({ id }) => {
    if (id !== 'known') return 200
    if (isThere) return { status: 409, body: 'duplicate' }
    isThere = true
    return 'lost'
  }
  for (const id of ['known', 'behind it']) await tab.put({ id, order: 'one' })
  await lab.restoreNetwork()
  const isThrough = await lab.until(async () => {
    await lab.nudge(tab)
    return server.applied.includes('behind it')
  })
  await tab.close()
  return isThrough ? undefined : broke('wedged: nothing is sent behind a duplicate')
}

/** The session is over in the midst of it; the user signs in again. */
async function expired(lab: Lab): Promise<Verdict | undefined> {
  const { server } = lab
  const tab = await lab.open()
  await lab.cutNetwork()
  const ids = ['first', 'second', 'third']
  for (const id of ids) await tab.put({ id })
  server.answer = () => 401
  await lab.restoreNetwork()
  const isRefused = await lab.until(() => server.deliveries.some((each) => each.answer === 401))
  if (!isRefused) return broke('nothing is sent')
  // What is to come of the refusal, has come once another write was tried. Where it is refused to the page's face, it
  // was never taken in.
  await tab.put({ id: 'fourth' }).catch(() => undefined)
  await lab.until(async () => {
    await lab.sync()
    return server.deliveries.every((each) => each.answer !== undefined)
  })
  server.answer = () => 200
  const isThere = await lab.until(async () => {
    // Again and again: an answer of before may be heard only now.
    if (lab.peer.lacks.signedIn === undefined) await tab.signedIn()
    await lab.nudge(tab)
    return ids.every((id) => server.applied.includes(id))
  })
  if (isThere) return undefined
  const failed = lab.peer.lacks.failures === undefined ? (await tab.failures()).map(({ id }) => id) : []
  return ids.every((id) => server.applied.includes(id) || failed.includes(id))
    ? broke('given up at a 401: parked as failed, not sent again')
    : broke('what a 401 answered is dropped')
}

export const wedgedByADuplicate: Note = {
  number: 20,
  name: 'The replay was answered “duplicate”, the queue wedged; then the token expired and the rest was dropped',
  run: async (lab) => (await duplicate(lab)) ?? (await expired(lab)) ?? survived,
}
