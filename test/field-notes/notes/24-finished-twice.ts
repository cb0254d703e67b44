import assert from 'node:assert/strict'
import { createQueue, memoryStore } from 'holdfast'
import { manualClock } from 'holdfast/testing'
import { inNode, silenceMs, stalled, told, until } from '../contexts.ts'
import type { Note } from '../contract.ts'

type Who = 'stalled' | 'heir'

/** A holder stalls, its job goes to an heir, and both finish: the one that is named, first. */
async function both(first: Who): Promise<void> {
  const [shared, clock] = [memoryStore(), manualClock()]
  const work = { stalled: Promise.withResolvers<string>(), heir: Promise.withResolvers<string>() }
  const ran: Who[] = []
  const open = (who: Who, given: Partial<ReturnType<typeof stalled>>) =>
    createQueue({
      ...{ name: 'mail', store: shared, clock, ...given },
      sync: { url: 'http://127.0.0.1/acks', fetch: async () => new Response('', { status: 503 }) },
      handlers: {
        send: async (_: string): Promise<string> => {
          ran.push(who)
          return work[who].promise
        },
      },
    })
  const queues = { stalled: open('stalled', stalled(shared)), heir: open('heir', {}) }
  const completed = told(queues.heir, 'completed')
  const { id } = await queues.stalled.enqueue('send', 'a letter')
  await queues.stalled.start()
  await until('a started queue does not run its job', () => ran.length === 1)
  await queues.heir.start()
  clock.advance(silenceMs)
  await until('the job of a holder that stalled is never taken back', () => ran.length === 2)

  const settle = async (who: Who): Promise<void> => {
    work[who].resolve(who)
    await until(`${who} never settles`, async () => (await queues[who].info()).worker.running === 0)
  }
  await settle(first)
  const half = await queues.heir.get(id)
  const due = first === 'heir' ? 'completed' : 'running'
  assert.equal(half?.state, due, 'a stale completion ends the job that its heir still runs')
  await settle(first === 'heir' ? 'stalled' : 'heir')
  await until('nobody’s completion counts', async () => (await queues.heir.get(id))?.state === 'completed')

  const results = completed.map((event) => event.result)
  assert.deepEqual(results, ['heir'], `the completions that count are ${results.join(' and ')}`)
  assert.equal((await queues.heir.get(id))?.result, 'heir', 'a stale result stands')
  assert.equal((await queues.heir.info()).sync?.unsent, 1, 'the server is to be told of both')
  await Promise.all([queues.stalled.close(), queues.heir.close()])
}

export const finishedTwice: Note = inNode({
  number: 24,
  name: 'Stalled jobs are run twice and then both complete: finishing is not fenced',
  others: 'no leases: nothing is ever taken back',
  async play() {
    await both('stalled')
    await both('heir')
  },
})
