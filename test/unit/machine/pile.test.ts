import { describe, expect, it } from 'vitest'
import type { Job } from '../../../src/machine/job.ts'
import { newJournal, unwind } from '../../../src/machine/journal.ts'
import { Pile } from '../../../src/machine/pile.ts'

let looks = 0

function finished(id: string, ordinal: number, at: number): Job {
  return {
    ...{ id, ordinal, order: ordinal, owner: '', kind: 'mail', state: 'completed', revision: 1 },
    ...{ enqueuedAt: 0, availableAt: 0, waitMs: 0, attempt: 1, epoch: 1, errors: 0 },
    get finishedAt() {
      looks++
      return at
    },
  }
}

const ids = (pile: Pile): string[] => [...pile.byFinish()].map(({ id }) => id)

describe('a pile', () => {
  it('gives what finished earlier first, whatever order it came in', () => {
    const pile = new Pile(newJournal())
    for (const [id, at] of Object.entries({ late: 30, early: 10, middle: 20 })) pile.put(finished(id, 1, at))
    expect(ids(pile)).toEqual(['early', 'middle', 'late'])
    pile.put(finished('later', 1, 40))
    expect(ids(pile)).toEqual(['early', 'middle', 'late', 'later'])
  })

  it('is not sorted for jobs that finished in one moment, in whatever order: entries hold many', () => {
    const pile = new Pile(newJournal())
    for (let ordinal = 1_000; ordinal > 0; ordinal--) pile.put(finished(`job ${ordinal}`, ordinal, 10))
    looks = 0
    expect(ids(pile)).toHaveLength(1_000)
    expect(looks).toBe(0)
  })

  it('has what an undo puts back where it was', () => {
    const journal = newJournal()
    const pile = new Pile(journal)
    const jobs = [3, 1, 2].map((ordinal) => finished(`job ${ordinal}`, ordinal, 10))
    for (const job of jobs) pile.put(job)
    const [before, bytes] = [ids(pile), pile.bytes]
    journal.undo = []
    for (const job of jobs.slice(0, 2)) pile.delete(job)
    pile.put(finished('another', 4, 10))
    expect(ids(pile)).toEqual(['job 2', 'another'])
    unwind(journal, 0)
    expect([ids(pile), pile.bytes]).toEqual([before, bytes])
  })
})
