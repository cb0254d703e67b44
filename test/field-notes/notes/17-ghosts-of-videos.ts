import { createHash } from 'node:crypto'
import { contentOf } from '../content.ts'
import { broke, type Note, survived } from '../contract.ts'

const videos = [
  { id: 'the shorter video', bytes: 50_000_000 },
  { id: 'the longer video', bytes: 100_000_000 },
]

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const ghostsOfVideos: Note = {
  number: 17,
  name: 'Videos of 50–100 MB come back as ghosts after a reload',
  async run(lab) {
    const { server } = lab
    const tab = await lab.open()
    // The tab is told of nothing: it could not be reloaded.
    server.isDown = true
    for (const video of videos) await tab.put(video)
    await tab.reload()
    await lab.restoreNetwork()
    if (lab.peer.lacks.drain === undefined) await tab.drain()
    for (const { id, bytes } of videos) {
      if (!(await lab.until(() => server.applied.includes(id)))) return broke(`${id} is never sent`)
      const [body] = server.deliveries.filter((each) => each.id === id).map((each) => each.body)
      if (body?.length !== bytes) return broke(`a ghost: ${body?.length ?? 0} of ${bytes} bytes arrive`)
      if (hashOf(body) !== hashOf(contentOf(bytes))) return broke('other bytes arrive than were put')
    }
    return survived
  },
}
