import assert from 'node:assert/strict'
import { testQueue } from 'holdfast/testing'
import { inNode } from '../contexts.ts'
import type { Note } from '../contract.ts'

export const duplicateInSilence: Note = inNode({
  number: 26,
  name: 'A duplicate is ignored in silence',
  others: 'no keys that make writes unique',
  async play() {
    const ran: string[] = []
    const handlers = { send: async (letter: string) => void ran.push(letter) }
    const { queue, drain, close } = testQueue({ handlers })
    const first = await queue.enqueue('send', 'one', { dedupeKey: 'letter' })
    assert.equal(first.outcome, 'created', `the first is told that it is ${first.outcome}`)
    const second = await queue.enqueue('send', 'two', { dedupeKey: 'letter' })
    assert.equal(second.outcome, 'duplicate', `a duplicate is told that it is ${second.outcome}`)
    assert.equal(second.id, first.id, 'a duplicate is not told which job carries the work')
    const options = { dedupeKey: 'letter', onDuplicate: 'replace' } as const
    const third = await queue.enqueue('send', 'three', options)
    assert.equal(third.outcome, 'replaced', `what replaces is told that it is ${third.outcome}`)
    assert.equal(third.id, first.id, 'what replaces is not told which job carries the work')
    await drain()
    assert.deepEqual(ran, ['three'], `what was told of does not hold: ${ran.join(' and ')} ran`)
    await close()
  },
})
