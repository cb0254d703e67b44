import assert from 'node:assert/strict'
import { createQueue, defineTasks, memoryStore, task } from 'holdfast'
import { manualClock } from 'holdfast/testing'
import { inNode, until } from '../contexts.ts'
import type { Note } from '../contract.ts'

const dayMs = 86_400_000

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

export const unknownKind: Note = inNode({
  number: 30,
  name: 'A job of a kind this worker does not know is thrown away',
  others: 'no kinds: whoever takes a write in sends it',
  async play() {
    await older('its name')
    await older('nothing of it')
  },
})
