import assert from 'node:assert/strict'
import { defineTasks, FatalError, task } from 'holdfast'
import { testQueue } from 'holdfast/testing'
import { judged } from '../contexts.ts'
import { broke, type Lab, type Note, survived, type Verdict } from '../contract.ts'

/**
 * Nobody here has writes that depend on others by name; what stands for a parent and its child are two of one order,
 * where the second never goes before the first is over. The server has no use for the first.
 */
async function inPages({ server, open, cutNetwork, restoreNetwork, until }: Lab): Promise<Verdict> {
  const tab = await open()
  await cutNetwork()
  for (const id of ['parent', 'child']) await tab.put({ id, order: 'family' })
  server.answer = ({ id }) => (id === 'parent' ? 422 : 200)
  await restoreNetwork()
  if (!(await until(() => server.deliveries.some(({ id }) => id === 'parent')))) return broke('never sent')
  const isThere = await until(() => server.applied.includes('child'))
  return isThere
    ? survived
    : broke('behind a write that the server refuses, the next of its order waits for ever')
}

/** The same in Holdfast's own words: two jobs of one `key`. */
async function family(deadHead: 'free' | 'block') {
  const ran: string[] = []
  const run = async (name: string): Promise<void> => {
    ran.push(name)
    if (name === 'parent') throw new FatalError('No use')
  }
  const kit = testQueue({ tasks: defineTasks({ step: task<string>({ deadHead }) }), handlers: { step: run } })
  const key = 'family'
  const parent = await kit.queue.enqueue('step', 'parent', { key })
  const child = await kit.queue.enqueue('step', 'child', { key })
  await kit.drain()
  assert.equal((await kit.queue.get(parent.id))?.reason, 'fatal', 'the parent is not dead')
  return { ...kit, ran, parent: parent.id, child: child.id }
}

async function childIsFree(): Promise<void> {
  const { queue, child, close } = await family('free')
  const state = (await queue.get(child))?.state
  assert.equal(state, 'completed', `the child of a failed parent is ${state}, with nobody to free it`)
  await close()
}

/** Where the application wants the child to wait, it is told for whom, and both ways out are open. */
async function childWaits(wayOut: 'remove' | 'redrive'): Promise<void> {
  const { queue, parent, child, drain, ran, close } = await family('block')
  const why = await queue.why(child)
  assert.equal(
    why.reason,
    'blocked-by-dead',
    `a child that waits for a dead parent is said to be ${why.reason}`,
  )
  assert.ok(why.reason === 'blocked-by-dead' && why.head === parent, 'it is not told which one is dead')
  assert.ok((await queue.info()).oldestPendingAgeMs !== null, 'its age is not told')
  await queue[wayOut](parent)
  if (wayOut === 'redrive')
    assert.equal((await queue.list({ state: 'pending' })).jobs.length, 2, 'redrive did nothing')
  await drain()
  const state = (await queue.get(child))?.state
  assert.equal(state, 'completed', `after ${wayOut} of its parent the child is ${state}`)
  assert.equal(ran.filter((name) => name === 'child').length, 1, 'the child ran more than once')
  await close()
}

async function inHoldfast(): Promise<void> {
  await childIsFree()
  await childWaits('remove')
  await childWaits('redrive')
}

export const failedParent: Note = {
  number: 27,
  name: 'One failed parent leaves its child waiting for ever',
  async run(lab) {
    const own = lab.peer.id === 'holdfast' ? await judged(inHoldfast) : survived
    return own.is === 'survived' ? inPages(lab) : own
  },
}
