import assert from 'node:assert/strict'
import { createQueue, memoryStore } from 'holdfast'
import { assertOk } from 'holdfast/http'
import { manualClock } from 'holdfast/testing'
import { inNode, until } from '../contexts.ts'
import type { Note } from '../contract.ts'

const hourMs = 3_600_000

/** Seven changes, a network that is there, and a server that takes none of them for six hours. */
async function stuck(status: number): Promise<void> {
  const clock = manualClock()
  const queue = createQueue({
    // Without jitter: with bad luck a change could use up its twenty errors in six hours.
    ...{ name: 'changes', store: memoryStore(), clock, random: () => 0.5 },
    connectivity: { probe: async () => true },
    handlers: { change: async (_: number) => void (await assertOk(new Response('', { status }))) },
  })
  let due: { readonly at: number | undefined; readonly busy: boolean } | undefined
  queue.on('due', (told) => {
    due = told
  })
  const settled = (): boolean => due?.busy === false && (due.at ?? Number.POSITIVE_INFINITY) > clock.now()
  const changes = Array.from({ length: 7 }, (_, payload) => ({ kind: 'change' as const, payload }))
  const ids = (await queue.enqueueAll(changes)).map(({ id }) => id)
  await queue.start()
  await until('nothing is tried', async () => ((await queue.get(ids[0] ?? ''))?.errors ?? 0) > 0)
  await until('what was tried does not settle', settled)
  for (let minute = 0; minute < 6 * 60; minute++) {
    clock.advance(hourMs / 60)
    await until('what is due does not settle', settled)
  }

  const { oldestPendingAgeMs, counts, holds } = await queue.info()
  assert.equal(counts.pending, 7, `${counts.pending} of seven changes are pending`)
  assert.ok((oldestPendingAgeMs ?? 0) >= 6 * hourMs, `the oldest pending age is ${oldestPendingAgeMs}`)
  for (const id of ids) {
    const why = await queue.why(id)
    if (status === 500) {
      const last = (await queue.get(id))?.failures.at(-1)
      assert.equal(why.reason, 'scheduled', `a change that backs off is said to be ${why.reason}`)
      assert.equal(last?.status, 500, 'the failure that it backs off from is not told')
      continue
    }
    assert.equal(why.reason, 'held', `a change that the server refuses is said to be ${why.reason}`)
    const cause = status === 401 ? 'unauthorized' : 'unavailable'
    assert.ok(why.reason === 'held' && why.cause === cause, 'the cause of the hold is another')
    assert.equal(holds[0]?.cause, cause, 'info tells of no hold')
  }
  await queue.close()
}

export const stuckForHours: Note = inNode({
  number: 18,
  name: '“Connected”, no error, seven changes stuck for six hours',
  others: {
    workbox: 'it tells since when each waits, and not why',
    tanstack: 'it tells since when each waits, and the last error, for the page to make something of',
    dexie: 'it tells what the application wrote into its rows',
  },
  async play() {
    for (const status of [401, 500, 503]) await stuck(status)
  },
})
