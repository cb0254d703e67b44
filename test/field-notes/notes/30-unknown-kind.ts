import assert from 'node:assert/strict'
import { createQueue, defineTasks, memoryStore, task } from 'holdfast'
import { manualClock } from 'holdfast/testing'
import { judged, until } from '../contexts.ts'
import { broke, type Lab, type Note, survived, type Verdict } from '../contract.ts'

const dayMs = 86_400_000

/** A page of a newer build leaves what the next one, of an older build, does not know how to send. */
async function inPages({ server, open, cutNetwork, restoreNetwork, until }: Lab): Promise<Verdict> {
  const newer = await open({ kinds: ['send', 'blur'] })
  await cutNetwork()
  await newer.put({ id: 'a face', kind: 'blur' })
  await newer.close()
  const older = await open()
  await restoreNetwork()
  await older.put({ id: 'behind it' })
  const isPast = await until(() => server.applied.includes('behind it'))
  if (!isPast) return broke('work behind an unknown kind is held up')
  const isTold = (await older.strangers()).includes('a face')
  await older.close()
  await open({ kinds: ['send', 'blur'] })
  if (await until(() => server.applied.includes('a face'))) return survived
  return broke(isTold ? 'thrown away; the page is told' : 'thrown away, and the page is told nothing')
}

/** A newer build leaves work of a kind that the older one `knows` of, at the most, and cannot run. */
async function older(knows: 'its name' | 'nothing of it'): Promise<void> {
  const [store, clock] = [memoryStore(), manualClock()]
  const place = { name: 'photos', store, clock }
  const ran: string[] = []
  const upload = async (name: string): Promise<void> => void ran.push(`upload of ${name}`)
  const blur = async (name: string): Promise<void> => void ran.push(`blur of ${name}`)
  const kinds = { upload: task<string>(), ...(knows === 'its name' && { blur: task<string>() }) }
  const old = createQueue({ ...place, tasks: defineTasks(kinds), handlers: { upload } })
  await old.start()
  const writer = createQueue({
    ...place,
    tasks: defineTasks({ upload: task<string>(), blur: task<string>() }),
  })
  const { id } = await writer.enqueue('blur', 'a face')
  await writer.enqueue('upload', 'a face')
  await until('work behind an unknown kind is held up', () => ran.length > 0)
  clock.advance(dayMs)

  const job = await old.get(id)
  assert.ok(job, 'it is thrown away')
  assert.equal(job.state, 'pending', `work that nobody can do here is ${job.state}`)
  assert.equal(job.attempt, 0, 'it is claimed where nobody can run it')
  const { reason } = await old.why(id)
  assert.equal(reason, 'no-handler', `why it does not run is said to be ${reason}`)

  const able = createQueue({ ...place, handlers: { upload, blur } })
  await able.start()
  await until('it is not run where it can be', () => ran.includes('blur of a face'))
  for (const queue of [old, writer, able]) await queue.close()
}

async function inHoldfast(): Promise<void> {
  await older('its name')
  await older('nothing of it')
}

export const unknownKind: Note = {
  number: 30,
  name: 'A job of a kind this worker does not know is thrown away',
  unsaid: ({ lacks }) => lacks.kinds,
  async run(lab) {
    const own = lab.peer.id === 'holdfast' ? await judged(inHoldfast) : survived
    return own.is === 'survived' ? inPages(lab) : own
  },
}
