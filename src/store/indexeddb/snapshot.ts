import type { Page, Position, Snapshot } from '../contract.ts'
import { learn } from './missed.ts'
import { askHead, headOf, readEntries, snapshotOf } from './schema.ts'
import type { Run } from './transaction.ts'

/** The pages, and the log after the mark. */
export function load(run: Run, identity: string): Promise<Snapshot> {
  return run({ stores: ['meta', 'pages', 'log', 'byes'], mode: 'readonly' }, (step) => {
    const { store } = step
    const head = askHead(store('meta'))
    const pages = store('pages').getAll()
    const byes = store('byes').getAllKeys()
    let snapshot: () => Snapshot
    step.answered(head, () => {
      const found = learn(step, head, identity)
      const entries = readEntries(store('log'), found.base + found.mark)
      snapshot = () => ({
        ...snapshotOf(found, { pages: pages.result, entries, byes: byes.result }, identity),
        isLost: step.connection.isLost,
      })
    })
    return () => snapshot()
  })
}

/** `checkpoint` of the contract. */
export function checkpoint(
  run: Run,
  identity: string,
  through: Position,
  pages: readonly Page[],
  floor: number = through.seq,
): Promise<boolean> {
  return run({ stores: ['log', 'pages', 'meta'], mode: 'readwrite' }, (step) => {
    let done = false
    const { log, base } = step.connection
    const last = base + through.seq
    const head = askHead(step.store('meta'))
    // What came too late is there, too, ahead of the head: its own key tells. A cleared log's are gone for good.
    step.answered(step.store('log').get(last), (entry) => {
      const mark = headOf(head, identity)?.mark ?? through.seq
      if (through.log !== log || entry?.key !== last || through.seq <= mark) return step.commit()
      done = true
      for (const { id, body } of pages) {
        if (body === '') step.store('pages').delete(id)
        else step.store('pages').put({ id, body })
      }
      step.store('meta').put(through.seq, 'mark')
      const dropped = IDBKeyRange.upperBound(base + Math.min(floor, through.seq))
      step.answered(step.store('log').delete(dropped), step.commit)
    })
    return () => done
  })
}
