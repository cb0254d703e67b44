import { broke, type Note, survived } from '../contract.ts'

export const anotherIdEachTime: Note = {
  number: 21,
  name: 'Each call minted a new id, hundreds of things were created again',
  async run(lab) {
    const { server } = lab
    const id = 'a thing'
    const tab = await lab.open()
    server.isDown = true
    await tab.put({ id })
    server.isDown = false
    const delivered = () => server.deliveries.filter((each) => each.id === id)
    // Twice it is created, and the answer gets lost: once before the page is loaded anew, and once after.
    server.answer = () => (delivered().length <= 2 ? 'lost' : 200)
    for (const times of [1, 2, 3]) {
      const isSent = await lab.until(async () => {
        await lab.nudge(tab)
        return delivered().length >= times && delivered().every((each) => each.answer !== undefined)
      })
      if (!isSent) return broke('never sent again')
      if (times === 1) await tab.reload()
    }
    const keys = new Set(delivered().map((each) => each.key))
    if (keys.has(undefined)) return broke('sent without an id of its own')
    if (keys.size > 1) return broke(`three tries have ${keys.size} ids: it is created ${keys.size} times`)
    const created = server.applied.filter((each) => each === id).length
    return created === 1 ? survived : broke(`created ${created} times`)
  },
}
